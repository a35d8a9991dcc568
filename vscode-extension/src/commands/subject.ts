/** What a command is about when it is not told, and how it waits. */

import * as vscode from "vscode";
import { diagnosticsChip, fileChip, selectionChip } from "../chat/chips";
import type { Chip } from "../messages";

/** Raises in restricted mode. */
export function trusted(): void {
  if (!vscode.workspace.isTrusted) throw new Error("this is off in restricted mode; trust the workspace first");
}

export function editorOrSay(): vscode.TextEditor | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) void vscode.window.showInformationMessage("Open a file first.");
  return editor;
}

/** What a command without words is about: the selection and its problems, or the file. */
export function subject(): { chips: Chip[]; what: string } {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return { chips: [], what: "this workspace" };
  const { document, selection } = editor;
  const problems = diagnosticsChip(document.uri, selection);
  if (!selection.isEmpty)
    return { chips: [selectionChip(editor), ...(problems ? [problems] : [])], what: "the selection" };
  const word = document.getWordRangeAtPosition(selection.active);
  const name = word ? document.getText(word) : "";
  return { chips: [fileChip(document.uri)], what: name ? `\`${name}\`` : "this file" };
}

/** The selection, or the function or class around the cursor, or its line. */
export async function subjectRange(editor: vscode.TextEditor): Promise<vscode.Range> {
  const { document, selection } = editor;
  if (!selection.isEmpty) return selection;
  const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[] | undefined>(
    "vscode.executeDocumentSymbolProvider",
    document.uri,
  );
  let best: vscode.Range | undefined;
  const look = (symbol: vscode.DocumentSymbol): void => {
    if (!symbol.range.contains(selection.active)) return;
    if (symbol.kind !== vscode.SymbolKind.Variable) best = symbol.range;
    for (const child of symbol.children) look(child);
  };
  for (const symbol of symbols ?? []) if ("children" in symbol) look(symbol);
  return best ?? document.lineAt(selection.active.line).range;
}

export function problemsAt(uri: vscode.Uri, selection: vscode.Range): vscode.Diagnostic[] {
  const all = vscode.languages.getDiagnostics(uri);
  const here = all.filter((each) => each.range.intersection(selection));
  const onLine = all.filter(
    (each) => each.range.start.line <= selection.end.line && each.range.end.line >= selection.start.line,
  );
  return (here.length ? here : onLine).sort((a, b) => a.severity - b.severity);
}

type Work<T> = (token: vscode.CancellationToken, report: (message: string) => void) => Promise<T>;

/** A notification that can be cancelled. Raises vscode.CancellationError when it was. */
export function withProgress<T>(title: string, work: Work<T>): Promise<T> {
  const shown = title.length > 80 ? `${title.slice(0, 79)}…` : title;
  return Promise.resolve(
    vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: `Treewright: ${shown}`, cancellable: true },
      async (progress, token) => {
        try {
          return await work(token, (message) => progress.report({ message }));
        } catch (error) {
          if (token.isCancellationRequested) throw new vscode.CancellationError();
          throw error;
        }
      },
    ),
  );
}
