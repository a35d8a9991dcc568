/** The Found Code view: what a search, a look for similar code, or the graph came up with. */

import * as vscode from "vscode";
import { tellIgnored, tellSearch } from "./feedback/tell";
import { openPlace } from "./places";
import type { Found } from "./protocol";
import { plural } from "./review/report";
import type { Server } from "./server/server";

type Node = { file: string; found: Found[] } | Found;

const isFile = (node: Node): node is { file: string; found: Found[] } => "file" in node;

export class Results implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<Node>;
  private files: { file: string; found: Found[] }[] = [];
  /** Of the list as it is: what was opened or used was told. */
  private readonly opened = new Set<Found>();

  constructor(private readonly server: Server) {
    this.view = vscode.window.createTreeView<Node>("treewright.results", {
      treeDataProvider: this,
      showCollapseAll: true,
    });
  }

  async show(title: string, found: readonly Found[]): Promise<void> {
    this.opened.clear();
    const byFile = new Map<string, Found[]>();
    for (const each of found) byFile.set(each.place.path, [...(byFile.get(each.place.path) ?? []), each]);
    this.files = [...byFile].map(([file, members]) => ({ file, found: members }));
    this.view.description = title;
    this.view.message = found.length ? "" : "Nothing was found.";
    void vscode.commands.executeCommand("setContext", "treewright.hasResults", found.length > 0);
    this.changed.fire(undefined);
    await vscode.commands.executeCommand("treewright.results.focus");
  }

  /** A result was chosen in the list. */
  async open(found: Found): Promise<void> {
    await openPlace(found.place);
    if (this.opened.has(found)) return;
    this.opened.add(found);
    await tellSearch(this.server, found, "opened");
  }

  /** The user says that this is what they looked for. */
  async praise(found: Found): Promise<void> {
    this.opened.add(found);
    this.thank(await tellSearch(this.server, found, "used"));
  }

  /** The user says that nothing of the list is what they looked for. */
  async none(): Promise<void> {
    const all = this.files.flatMap(({ found }) => found);
    this.clear();
    this.thank(await tellIgnored(this.server, all));
  }

  private thank(recorded: boolean): void {
    const said = recorded ? "$(check) The next searches learn from it" : "$(info) Feedback is off: nothing was kept";
    vscode.window.setStatusBarMessage(said, 3000);
  }

  clear(): void {
    this.files = [];
    this.opened.clear();
    this.view.description = "";
    this.view.message = "";
    void vscode.commands.executeCommand("setContext", "treewright.hasResults", false);
    this.changed.fire(undefined);
  }

  getChildren(node?: Node): Node[] {
    if (!node) return this.files;
    return isFile(node) ? node.found : [];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (isFile(node)) {
      const name = node.file.split("/").pop() ?? node.file;
      const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Expanded);
      item.description = `${node.file.slice(0, -name.length - 1)} ${plural(node.found.length, "place")}`.trim();
      const [first] = node.found;
      if (first) item.resourceUri = vscode.Uri.parse(first.place.uri);
      item.iconPath = vscode.ThemeIcon.File;
      return item;
    }
    const item = new vscode.TreeItem(node.symbol || firstLine(node.snippet), vscode.TreeItemCollapsibleState.None);
    item.description = `line ${node.place.range.start.line + 1} ${node.symbol ? firstLine(node.snippet) : ""}`;
    item.tooltip = new vscode.MarkdownString().appendCodeblock(node.snippet);
    item.iconPath = new vscode.ThemeIcon(iconOf(node.kind));
    item.contextValue = node.search === undefined ? "found" : "found-search";
    item.command = { command: "treewright.ui.results.open", title: "Open", arguments: [node] };
    return item;
  }

  dispose(): void {
    this.view.dispose();
    this.changed.dispose();
  }
}

export function firstLine(text: string): string {
  return (
    text
      .split("\n")
      .map((line) => line.trim())
      .find((line) => line) ?? ""
  );
}

export function iconOf(kind: string): string {
  const known: Record<string, string> = {
    class: "symbol-class",
    function: "symbol-method",
    method: "symbol-method",
    constructor: "symbol-method",
    module: "symbol-module",
    variable: "symbol-variable",
    constant: "symbol-constant",
    field: "symbol-field",
    property: "symbol-property",
    interface: "symbol-interface",
    enum: "symbol-enum",
    struct: "symbol-structure",
  };
  return known[kind] ?? "symbol-misc";
}
