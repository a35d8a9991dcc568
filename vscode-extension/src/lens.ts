/** Lenses above functions and classes: ask about it, and see what surrounds it. */

import * as vscode from "vscode";
import { fromPosition, fromRange } from "./places";
import type { Server } from "./server/server";

const KINDS = new Set([
  vscode.SymbolKind.Class,
  vscode.SymbolKind.Function,
  vscode.SymbolKind.Method,
  vscode.SymbolKind.Constructor,
  vscode.SymbolKind.Interface,
  vscode.SymbolKind.Struct,
]);
const LANGUAGES = [
  "python",
  "typescript",
  "typescriptreact",
  "javascript",
  "javascriptreact",
  "go",
  "rust",
  "java",
  "c",
  "cpp",
];

export class SymbolLenses implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;
  private readonly disposables: vscode.Disposable[];
  private wasReady = false;

  constructor(private readonly server: Server) {
    this.disposables = [
      this.changed,
      vscode.languages.registerCodeLensProvider(
        LANGUAGES.map((language) => ({ scheme: "file", language })),
        this,
      ),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("treewright.lens")) this.changed.fire();
      }),
      server.onDidChange(() => {
        if (server.isRunning !== this.wasReady) this.changed.fire();
        this.wasReady = server.isRunning;
      }),
    ];
  }

  async provideCodeLenses(document: vscode.TextDocument, token: vscode.CancellationToken): Promise<vscode.CodeLens[]> {
    if (
      !this.server.isRunning ||
      !vscode.workspace.getConfiguration("treewright.lens", document).get<boolean>("enable", true)
    )
      return [];
    const symbols = await vscode.commands.executeCommand<
      (vscode.DocumentSymbol | vscode.SymbolInformation)[] | undefined
    >("vscode.executeDocumentSymbolProvider", document.uri);
    if (token.isCancellationRequested) return [];
    const lenses: vscode.CodeLens[] = [];
    const add = (symbol: vscode.DocumentSymbol, depth: number): void => {
      if (KINDS.has(symbol.kind)) {
        const at = new vscode.Range(symbol.selectionRange.start, symbol.selectionRange.start);
        const target = {
          uri: document.uri.toString(),
          name: symbol.name,
          range: fromRange(symbol.range),
          position: fromPosition(symbol.selectionRange.start),
        };
        lenses.push(
          new vscode.CodeLens(at, {
            title: "Ask",
            tooltip: `Ask about ${symbol.name}`,
            command: "treewright.ui.askSymbol",
            arguments: [target],
          }),
          new vscode.CodeLens(at, {
            title: "Graph",
            tooltip: `Callers and impact of ${symbol.name}`,
            command: "treewright.ui.showGraph",
            arguments: [target],
          }),
        );
      }
      if (depth < 2 && symbol.kind !== vscode.SymbolKind.Function && symbol.kind !== vscode.SymbolKind.Method) {
        for (const child of symbol.children) add(child, depth + 1);
      }
    };
    for (const symbol of symbols ?? []) if ("children" in symbol) add(symbol, 0);
    return lenses;
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }
}
