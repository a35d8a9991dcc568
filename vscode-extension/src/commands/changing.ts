/** Commands that ask for a change of what is at the cursor. */

import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import { fromRange } from "../places";
import type { EditParams, Offered, Proposal } from "../protocol";
import type { Handlers, Parts } from "./parts";
import { offer, present } from "./reviewing";
import { editorOrSay, problemsAt, subjectRange, trusted, withProgress } from "./subject";

export function changing(parts: Parts): Handlers {
  return {
    editSelection: () => editSelection(parts),
    fixDiagnostic: () => fixDiagnostic(parts),
  };
}

const instructions: string[] = [];

async function editSelection(parts: Parts): Promise<void> {
  trusted();
  const editor = editorOrSay();
  if (!editor) return;
  const range = await subjectRange(editor);
  const document = editor.document;
  const instruction = await askInstruction(
    `Edit ${vscode.workspace.asRelativePath(document.uri)}:${range.start.line + 1}–${range.end.line + 1}`,
  );
  if (!instruction) return;
  const params: EditParams = { textDocument: { uri: document.uri.toString() }, range: fromRange(range), instruction };
  await offer(parts, await requestEdit(parts, `Editing: ${instruction}`, params));
}

/** Ask for an edit, and show what is done meanwhile. */
function requestEdit({ server }: Parts, title: string, params: EditParams): Promise<Offered> {
  return withProgress(title, async (token, report) => {
    const partialResultToken = `treewright-edit-${randomUUID()}`;
    const listening = server.onPart(partialResultToken, (part) => {
      if (part.kind === "step") report(part.step.title);
    });
    try {
      return await server.request<Offered>("treewright/edit", { ...params, partialResultToken }, token);
    } finally {
      listening.dispose();
    }
  });
}

/** An input with the earlier instructions below it. */
function askInstruction(title: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const pick = vscode.window.createQuickPick();
    pick.title = title;
    pick.placeholder = "What should change? The result is shown hunk by hunk before anything is written.";
    const history = (): vscode.QuickPickItem[] =>
      instructions.map((label) => ({ label, iconPath: new vscode.ThemeIcon("history") }));
    const items = (): vscode.QuickPickItem[] =>
      pick.value.trim()
        ? [{ label: pick.value, alwaysShow: true, iconPath: new vscode.ThemeIcon("edit") }, ...history()]
        : history();
    pick.items = items();
    pick.onDidChangeValue(() => (pick.items = items()));
    pick.onDidAccept(() => {
      const chosen = (pick.activeItems[0]?.label ?? pick.value).trim();
      if (!chosen) return;
      instructions.splice(
        0,
        instructions.length,
        chosen,
        ...instructions.filter((each) => each !== chosen).slice(0, 19),
      );
      resolve(chosen);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

interface OfferedAction {
  title: string;
  data?: { treewright?: number; proposal?: string };
}

/** What rules offer for the problems at the cursor; else the same as an edit with a request. */
async function fixDiagnostic(parts: Parts): Promise<void> {
  trusted();
  const editor = editorOrSay();
  if (!editor) return;
  const { document, selection } = editor;
  const problems = problemsAt(document.uri, selection);
  const first = problems[0];
  if (!first || !parts.server.client) {
    void vscode.window.showInformationMessage("There is no problem at the cursor.");
    return;
  }
  const convert = parts.server.client.code2ProtocolConverter;
  const params = {
    textDocument: { uri: document.uri.toString() },
    range: fromRange(first.range),
    context: { diagnostics: await convert.asDiagnostics(problems), only: ["quickfix"] },
  };
  const actions =
    (await withProgress("Looking for a fix", (token) =>
      parts.server.request<OfferedAction[] | null>("textDocument/codeAction", params, token),
    )) ?? [];
  const ours = actions.filter((action) => action.data?.treewright === 1);
  let chosen = ours.length === 1 ? ours[0] : undefined;
  if (ours.length > 1) {
    const picked = await vscode.window.showQuickPick(
      ours.map((action) => ({ label: action.title, action })),
      {
        title: problems.length === 1 ? first.message : `${problems.length} problems here`,
        placeHolder: "Choose a fix",
      },
    );
    if (!picked) return;
    chosen = picked.action;
  }
  if (chosen?.data) {
    const proposal = await parts.server.request<Proposal>("treewright/proposals/get", chosen.data);
    return present(parts, await parts.proposals.offer(proposal));
  }
  const code = typeof first.code === "object" ? first.code.value : (first.code ?? "");
  const edit: EditParams = {
    textDocument: { uri: document.uri.toString() },
    range: fromRange(first.range),
    instruction: `Fix the problem ${code ? `${code}: ` : ""}${first.message}`,
  };
  await offer(parts, await requestEdit(parts, "Looking for a fix", edit));
}
