/** What the palette, menus and keys do. Each command is one function of a table. */

import * as vscode from "vscode";
import { toRange } from "../places";
import type { Position, Range } from "../protocol";
import { message } from "../server/server";
import { asking } from "./asking";
import { changing } from "./changing";
import { feedback } from "./feedback";
import { finding } from "./finding";
import type { Handlers, Parts } from "./parts";
import { reviewing } from "./reviewing";
import { serving } from "./serving";

const TABLES: ((parts: Parts) => Handlers)[] = [asking, finding, changing, reviewing, serving, feedback];

export function registerCommands(parts: Parts): vscode.Disposable[] {
  // The server's lenses name this one; its arguments are the protocol's own.
  const references = vscode.commands.registerCommand("treewright.showReferences", showReferences);
  const own = TABLES.flatMap((table) => Object.entries(table(parts))).map(([name, handler]) =>
    vscode.commands.registerCommand(`treewright.ui.${name}`, async (argument?: unknown) => {
      try {
        return await handler(argument);
      } catch (error) {
        if (error instanceof vscode.CancellationError) return undefined;
        parts.log.error(`${name}: ${message(error)}`);
        void vscode.window.showErrorMessage(`Treewright: ${message(error)}`);
        return undefined;
      }
    }),
  );
  return [references, ...own];
}

function showReferences(uri: string, position: Position, found: { uri: string; range: Range }[]): Thenable<unknown> {
  const locations = found.map((each) => new vscode.Location(vscode.Uri.parse(each.uri), toRange(each.range)));
  const at = new vscode.Position(position.line, position.character);
  return vscode.commands.executeCommand("editor.action.showReferences", vscode.Uri.parse(uri), at, locations);
}
