/** Context of a message: what each chip stands for, and how the user picks one. */

import * as vscode from "vscode";
import type { Chip } from "../messages";
import { fromRange } from "../places";
import type { ContextItem } from "../protocol";

/** What is offered besides a file or a symbol: the selection, the open file, its problems. */
export async function pickChip(editor: vscode.TextEditor | undefined): Promise<Chip | undefined> {
  const open = editor && isText(editor.document) ? editor : undefined;
  type Item = vscode.QuickPickItem & { chip?: Chip; file?: boolean; symbol?: boolean };
  const items: Item[] = [];
  if (open) {
    const selection = selectionChip(open);
    const file = fileChip(open.document.uri);
    const problems = diagnosticsChip(open.document.uri);
    if (!open.selection.isEmpty)
      items.push({ label: "$(selection) Selection", description: selection.detail, chip: selection });
    items.push({ label: "$(file) This file", description: file.detail, chip: file });
    if (problems)
      items.push({ label: "$(warning) Problems of this file", description: problems.detail, chip: problems });
  }
  items.push({ label: "$(files) Another file…", file: true }, { label: "$(symbol-method) A symbol…", symbol: true });
  const chosen = await vscode.window.showQuickPick(items, { placeHolder: "Add context to the message" });
  if (chosen?.file) return pickFile();
  if (chosen?.symbol) return pickSymbol();
  return chosen?.chip;
}

async function pickFile(): Promise<Chip | undefined> {
  const files = await vscode.workspace.findFiles("**/*", undefined, 5000);
  const chosen = await vscode.window.showQuickPick(
    files.map((uri) => ({ label: vscode.workspace.asRelativePath(uri), uri })),
    { placeHolder: "Add a file", matchOnDescription: true },
  );
  return chosen && fileChip(chosen.uri);
}

async function pickSymbol(): Promise<Chip | undefined> {
  const name = await vscode.window.showInputBox({ prompt: "Name of the symbol" });
  if (!name) return undefined;
  const found = await vscode.commands.executeCommand<vscode.SymbolInformation[]>(
    "vscode.executeWorkspaceSymbolProvider",
    name,
  );
  const chosen = await vscode.window.showQuickPick(
    found.slice(0, 200).map((symbol) => ({
      label: symbol.name,
      description:
        `${symbol.containerName} ${vscode.workspace.asRelativePath(symbol.location.uri)}:${symbol.location.range.start.line + 1}`.trim(),
      symbol,
    })),
    { placeHolder: found.length ? "Add a symbol" : `Nothing is named ${name}` },
  );
  if (!chosen) return undefined;
  const { location } = chosen.symbol;
  const item: ContextItem = {
    kind: "symbol",
    uri: location.uri.toString(),
    range: fromRange(location.range),
    name: chosen.symbol.name,
  };
  return {
    id: `symbol ${item.uri} ${item.name} ${item.range.start.line}`,
    label: item.name,
    detail: chosen.description,
    item,
    automatic: false,
  };
}

/** Documents that a message can be about. */
export function isText(document: vscode.TextDocument): boolean {
  return ["file", "untitled"].includes(document.uri.scheme);
}

function name(uri: vscode.Uri): string {
  return uri.path.split("/").pop() ?? uri.path;
}

export function fileChip(uri: vscode.Uri): Chip {
  return {
    id: `file ${uri.toString()}`,
    label: name(uri),
    detail: vscode.workspace.asRelativePath(uri),
    item: { kind: "file", uri: uri.toString() },
    automatic: false,
  };
}

export function selectionChip(editor: vscode.TextEditor): Chip {
  const { document, selection } = editor;
  const uri = document.uri.toString();
  const [first, last] = [selection.start.line + 1, selection.end.line + 1];
  const lines = first === last ? `${first}` : `${first}–${last}`;
  return {
    id: `selection ${uri} ${selection.start.line}:${selection.start.character}-${selection.end.line}:${selection.end.character}`,
    label: `${name(document.uri)}:${lines}`,
    detail: `${vscode.workspace.asRelativePath(document.uri)}, lines ${lines}`,
    item: { kind: "selection", uri, range: fromRange(selection) },
    automatic: false,
  };
}

export function diagnosticsChip(uri: vscode.Uri, range?: vscode.Range): Chip | undefined {
  const all = vscode.languages.getDiagnostics(uri).filter((each) => !range || each.range.intersection(range));
  if (all.length === 0) return undefined;
  const messages = all.slice(0, 50).map((each) => ({
    range: fromRange(each.range),
    message: each.message,
    code: String(typeof each.code === "object" ? each.code.value : (each.code ?? "")),
  }));
  const label = `${all.length} problem${all.length === 1 ? "" : "s"}`;
  return {
    id: `diagnostics ${uri.toString()} ${messages[0]?.range.start.line ?? 0}`,
    label,
    detail: `${label} in ${vscode.workspace.asRelativePath(uri)}`,
    item: { kind: "diagnostics", uri: uri.toString(), messages },
    automatic: false,
  };
}
