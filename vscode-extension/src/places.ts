/** Between protocol places and the editor. */

import * as vscode from "vscode";
import type { Place, Position, Range } from "./protocol";

export function toRange(range: Range): vscode.Range {
  return new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character);
}

export function fromPosition(position: vscode.Position): Position {
  return { line: position.line, character: position.character };
}

export function fromRange(range: vscode.Range): Range {
  return { start: fromPosition(range.start), end: fromPosition(range.end) };
}

export async function openPlace(
  place: Place,
  options: { beside?: boolean; preserveFocus?: boolean; preview?: boolean } = {},
): Promise<void> {
  const range = toRange(place.range);
  const column = options.beside ? besideColumn() : undefined;
  try {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(place.uri));
    const editor = await vscode.window.showTextDocument(document, {
      preview: options.preview ?? true,
      preserveFocus: options.preserveFocus ?? false,
      ...(column === undefined ? {} : { viewColumn: column }),
    });
    editor.selection = new vscode.Selection(range.start, range.start);
    editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  } catch {
    void vscode.window.showWarningMessage(`${place.path} cannot be opened; it may be gone.`);
  }
}

/** The first column that shows text, so that code does not cover the panel it was opened from. */
function besideColumn(): vscode.ViewColumn {
  const editor = vscode.window.visibleTextEditors.find((each) => each.viewColumn !== undefined);
  return editor?.viewColumn ?? vscode.ViewColumn.One;
}
