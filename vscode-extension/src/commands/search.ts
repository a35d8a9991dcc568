/** Search while typing: words at once, meaning as soon as it is known, the ranked list at the end. */

import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import { tellSearch } from "../feedback/tell";
import { openPlace } from "../places";
import type { Found, SearchParams, SearchPart } from "../protocol";
import { firstLine, iconOf, type Results } from "../results";
import { message, type Server } from "../server/server";

const SEARCH_DELAY_MS = 150;

type Item = vscode.QuickPickItem & { found?: Found };

export async function search(server: Server, results: Results): Promise<void> {
  const pick = vscode.window.createQuickPick<Item>();
  pick.title = "Search Code by Meaning";
  pick.placeholder = "Say what the code does, or name it";
  const showAll: vscode.QuickInputButton = {
    iconPath: new vscode.ThemeIcon("list-tree"),
    tooltip: "Show all in the Found Code view",
  };
  pick.buttons = [showAll];
  let timer: NodeJS.Timeout | undefined;
  let cancel: vscode.CancellationTokenSource | undefined;
  let all: Found[] = [];
  /** What the user opened before the search was over. */
  let opened: Found | undefined;

  const show = (found: Found[], note: string): void => {
    all = found;
    const [active] = pick.activeItems;
    const items = found.map(itemOf);
    pick.items = note ? [{ label: `$(info) ${note}`, alwaysShow: true }, ...items] : items;
    // The list grows while the user looks at it: what was chosen stays chosen.
    const same = active?.found && items.find((each) => isSame(each.found, active.found));
    const first = items[0];
    if (same ?? first) pick.activeItems = [same ?? first].filter((each) => each !== undefined);
  };

  const ask = async (query: string): Promise<void> => {
    cancel?.cancel();
    const mine = (cancel = new vscode.CancellationTokenSource());
    const partialResultToken = `treewright-search-${randomUUID()}`;
    let listening: vscode.Disposable | undefined;
    let note = "";
    pick.busy = true;
    try {
      listening = server.onSearchPart(partialResultToken, (part) => {
        if (mine.token.isCancellationRequested) return;
        if (part.results) show(part.results, "");
        else if (part.stage === "done") note = noteOf(part);
      });
      const params: SearchParams = { query, limit: 50, partialResultToken };
      const found = await server.request<Found[]>("treewright/search", params, mine.token);
      if (opened) {
        const same = found.find((each) => isSame(each, opened));
        if (same) await tellSearch(server, same, "opened");
        return;
      }
      if (!mine.token.isCancellationRequested) show(found, note || (found.length ? "" : "Nothing was found"));
    } catch (error) {
      if (!mine.token.isCancellationRequested) pick.placeholder = `The search failed: ${message(error)}`;
    } finally {
      listening?.dispose();
      if (cancel === mine) pick.busy = false;
    }
  };

  pick.onDidChangeValue((value) => {
    clearTimeout(timer);
    if (value.trim()) timer = setTimeout(() => void ask(value), SEARCH_DELAY_MS);
    else show([], "");
  });
  pick.onDidTriggerButton(() => {
    void results.show(`“${pick.value}”`, all);
    pick.hide();
  });
  pick.onDidAccept(() => {
    const found = pick.activeItems[0]?.found;
    if (!found) return;
    void openPlace(found.place, { preview: true });
    if (found.search === undefined)
      opened = found; // its search still runs: it has a name when it ends
    else void tellSearch(server, found, "opened");
    pick.hide();
  });
  pick.onDidHide(() => {
    clearTimeout(timer);
    if (!opened) cancel?.cancel();
    pick.dispose();
  });
  pick.show();
  const editor = vscode.window.activeTextEditor;
  if (editor && !editor.selection.isEmpty && editor.selection.isSingleLine) {
    pick.value = editor.document.getText(editor.selection);
    await ask(pick.value);
  }
}

function itemOf(found: Found): Item {
  return {
    label: `$(${iconOf(found.kind)}) ${plainLabel(found.symbol || firstLine(found.snippet))}`,
    description: `${found.place.path}:${found.place.range.start.line + 1}`,
    detail: firstLine(found.snippet).slice(0, 160),
    alwaysShow: true, // the server ranks by meaning; the words need not be in it
    found,
  };
}

/** `$(name)` in a label would be drawn as an icon. */
function plainLabel(text: string): string {
  return text.replaceAll("$(", "$\u200b(");
}

function isSame(a: Found | undefined, b: Found | undefined): boolean {
  if (!a || !b || a.place.uri !== b.place.uri) return false;
  return a.place.range.start.line === b.place.range.start.line && a.symbol === b.symbol;
}

function noteOf(part: SearchPart): string {
  if (part.notes?.[0]) return part.notes[0];
  return part.complete === false ? "The index is still filling: there may be more" : "";
}
