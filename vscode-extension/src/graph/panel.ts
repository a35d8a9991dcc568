/** The code graph: a panel beside the editor that follows what is asked for. */

import * as vscode from "vscode";
import type { FromGraph, GraphMode, ToGraph } from "../messages";
import { fromPosition, openPlace, toRange } from "../places";
import type { GraphNode, Neighbourhood, NeighbourhoodParams, Position } from "../protocol";
import { message, type Server } from "../server/server";
import { options, page } from "../webviews";

interface Centre {
  uri: string;
  position: Position;
}

export class GraphPanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private isReady = false;
  private centre: Centre | undefined;
  private mode: GraphMode = "around";
  private depth = 1;
  private asking: vscode.CancellationTokenSource | undefined;
  private last: ToGraph | undefined;

  constructor(
    private readonly extension: vscode.Uri,
    private readonly server: Server,
  ) {}

  async show(uri: vscode.Uri, position: vscode.Position, mode: GraphMode = "around"): Promise<void> {
    this.centre = { uri: uri.toString(), position: fromPosition(position) };
    this.mode = mode;
    this.depth = vscode.workspace.getConfiguration("treewright.graph").get<number>("depth", 1);
    this.open();
    await this.load();
  }

  private open(): void {
    if (this.panel) return this.panel.reveal(undefined, true);
    this.panel = vscode.window.createWebviewPanel(
      "treewright.graph",
      "Code Graph",
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true },
      { ...options(this.extension), retainContextWhenHidden: true },
    );
    this.panel.iconPath = vscode.Uri.joinPath(this.extension, "media", "tree.svg");
    this.isReady = false;
    this.panel.webview.onDidReceiveMessage((received: FromGraph) => void this.receive(received));
    this.panel.onDidDispose(() => {
      this.panel = undefined;
      this.isReady = false;
      this.asking?.cancel();
    });
    this.panel.webview.html = page(this.panel.webview, this.extension, "graph", "Code Graph");
  }

  private post(sent: ToGraph): void {
    if (sent.type === "graph") this.last = sent;
    if (this.panel && this.isReady) void this.panel.webview.postMessage(sent);
  }

  private async receive(received: FromGraph): Promise<void> {
    switch (received.type) {
      case "ready":
        this.isReady = true;
        if (this.last) this.post(this.last);
        return;
      case "open":
        return openPlace(received.place, { beside: true, preserveFocus: received.preview, preview: true });
      case "expand":
        return this.expand(received.node, received.mode);
      case "centre":
        this.centre = { uri: received.node.place.uri, position: received.node.place.range.start };
        return this.load();
      case "mode":
        this.mode = received.mode;
        return this.load();
      case "depth":
        this.depth = received.depth;
        return this.load();
    }
  }

  private async load(): Promise<void> {
    if (!this.centre) return;
    const graph = await this.ask(this.centre, this.mode, this.depth);
    if (!graph) return;
    const name = graph.nodes.find((node) => node.id === graph.centre)?.name ?? "";
    if (this.panel) this.panel.title = name ? `Graph: ${name}` : "Code Graph";
    this.post({ type: "graph", graph, mode: this.mode, merge: false, title: name });
  }

  private async expand(node: GraphNode, mode: GraphMode): Promise<void> {
    const more = await this.ask({ uri: node.place.uri, position: node.place.range.start }, mode, 1);
    if (more) this.post({ type: "graph", graph: more, mode, merge: true, title: node.id });
  }

  private async ask(centre: Centre, mode: GraphMode, depth: number): Promise<Neighbourhood | undefined> {
    this.asking?.cancel();
    const asking = (this.asking = new vscode.CancellationTokenSource());
    this.post({ type: "busy", busy: true });
    try {
      const params: NeighbourhoodParams = {
        textDocument: { uri: centre.uri },
        position: centre.position,
        mode,
        depth,
        limit: vscode.workspace.getConfiguration("treewright.graph").get<number>("limit", 250),
      };
      return await this.server.request<Neighbourhood>("treewright/neighbourhood", params, asking.token);
    } catch (error) {
      if (asking.token.isCancellationRequested) return undefined;
      const text = message(error);
      this.post({ type: "problem", text });
      if (!this.last) void vscode.window.showInformationMessage(`No graph: ${text}`);
      return undefined;
    } finally {
      if (this.asking === asking) this.post({ type: "busy", busy: false });
      asking.dispose();
    }
  }

  dispose(): void {
    this.panel?.dispose();
  }
}

export function isAt(node: GraphNode, uri: vscode.Uri, position: vscode.Position): boolean {
  return node.place.uri === uri.toString() && toRange(node.place.range).contains(position);
}
