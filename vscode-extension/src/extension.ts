/**
 * Activation: register what the user can reach, and start the server without waiting for it.
 *
 * **Invariant.** Nothing here waits, and nothing heavy is loaded: the language client is
 * imported when the server starts. `treewright.ui.activationTime` tells how long it took.
 */

import * as vscode from "vscode";
import { Chat } from "./chat/chat";
import { registerParticipant } from "./chat/participant";
import { registerCommands } from "./commands";
import type { Parts } from "./commands/parts";
import { GraphPanel } from "./graph/panel";
import { InlineReview } from "./inline/editor";
import { SymbolLenses } from "./lens";
import { Results } from "./results";
import { ProposalDocuments } from "./review/documents";
import { Proposals } from "./review/store";
import { ReviewTree } from "./review/tree";
import { Server } from "./server/server";
import { StatusBar } from "./status";

/** Taken before the first line of the bundle: the time by the clock in ms, and of the processor in µs. */
declare const treewrightLoad: { clock: number; processor: NodeJS.CpuUsage };

let server: Server | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const begun = performance.now();
  const log = vscode.window.createOutputChannel("Treewright", { log: true });
  server = new Server(context, log);
  const proposals = new Proposals(server, log);
  const tree = new ReviewTree(proposals);
  const inline = new InlineReview(proposals);
  const graph = new GraphPanel(context.extensionUri, server);
  const results = new Results(server);
  const chat = new Chat(
    context,
    server,
    (id) => void vscode.commands.executeCommand("treewright.ui.reviewProposal", id),
  );
  const parts: Parts = { server, proposals, tree, inline, chat, graph, results, log };
  context.subscriptions.push(
    log,
    server,
    proposals,
    tree,
    inline,
    graph,
    results,
    chat,
    new ProposalDocuments(proposals),
    new StatusBar(server),
    new SymbolLenses(server),
    ...registerCommands(parts),
    vscode.window.onDidChangeActiveTextEditor(markDiagnostics),
    vscode.languages.onDidChangeDiagnostics(() => markDiagnostics(vscode.window.activeTextEditor)),
  );
  const participant = registerParticipant(context, server);
  if (participant) context.subscriptions.push(participant);
  followServer(server, proposals, context);
  void server.start();
  const took = performance.now() - begun;
  const { user, system } = process.cpuUsage(treewrightLoad.processor);
  context.subscriptions.push(vscode.commands.registerCommand("treewright.ui.activationTime", () => took));
  log.info(
    `activated in ${took.toFixed(1)} ms, loaded in ${(begun - treewrightLoad.clock).toFixed(1)} ms (${((user + system) / 1000).toFixed(1)} ms of processor time)`,
  );
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** A new server process knows nothing of the proposals of the one before. */
function followServer(server: Server, proposals: Proposals, context: vscode.ExtensionContext): void {
  let client = server.client;
  context.subscriptions.push(
    server.onDidChange(() => {
      if (!server.isRunning || server.client === client) return;
      const isFirst = client === undefined;
      client = server.client;
      if (!isFirst && proposals.all().length > 0) {
        void vscode.window.showInformationMessage(
          "The server was started anew. Proposals under review are kept and can still be applied.",
        );
      }
      if (isFirst) void proposals.reload();
    }),
  );
}

let hasProblems: boolean | undefined;

/** Of the whole file: a menu is made before the key of a place could follow the click that opens it. */
function markDiagnostics(editor: vscode.TextEditor | undefined): void {
  const now = editor !== undefined && vscode.languages.getDiagnostics(editor.document.uri).length > 0;
  if (now === hasProblems) return;
  hasProblems = now;
  void vscode.commands.executeCommand("setContext", "treewright.problemsInFile", now);
}
