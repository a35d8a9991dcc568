/** What the palette, menus and keys do. Each command is one function of this table. */

import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import { diagnosticsChip, fileChip, selectionChip, type Chat } from "./chat/chat";
import type { GraphPanel } from "./graph/panel";
import type { InlineReview } from "./inline/editor";
import type { Chip } from "./messages";
import { fromRange, openPlace, toRange } from "./places";
import type { EditParams, Found, Offered, Place, Position, Proposal, Range, SearchParams } from "./protocol";
import { firstLine, iconOf, type Results } from "./results";
import { openAll, openDiff, reportUri } from "./review/documents";
import type { Entry } from "./review/entry";
import { plural } from "./review/report";
import type { Proposals } from "./review/store";
import { idsOf, type Node, type ReviewTree } from "./review/tree";
import { message, type Server } from "./server/server";
import { run } from "./server/python";
import { modelText } from "./status-text";

export interface Parts {
  server: Server;
  proposals: Proposals;
  tree: ReviewTree;
  inline: InlineReview;
  chat: Chat;
  graph: GraphPanel;
  results: Results;
  log: vscode.LogOutputChannel;
}

/** Where a lens stands. */
interface Target {
  uri: string;
  name: string;
  range: Range;
  position: Position;
}

type Handler = (argument?: unknown, second?: unknown) => unknown;

export function registerCommands(parts: Parts): vscode.Disposable[] {
  // The server's lenses name this one; its arguments are the protocol's own.
  const references = vscode.commands.registerCommand("treewright.showReferences", showReferences);
  const own = Object.entries(commands(parts)).map(([name, handler]) =>
    vscode.commands.registerCommand(`treewright.ui.${name}`, async (...given: unknown[]) => {
      try {
        return await handler(given[0], given[1]);
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

function commands(parts: Parts): Record<string, Handler> {
  const { server, proposals, tree, inline, chat, graph, results, log } = parts;

  const review = async (id: unknown): Promise<void> => {
    if (typeof id === "string") await present(parts, await proposals.fetch(id));
  };

  return {
    // ---------------------------------------------------------------- asking
    ask: () => {
      const editor = vscode.window.activeTextEditor;
      return chat.ask({
        text: "",
        mode: "ask",
        send: false,
        ...(editor && !editor.selection.isEmpty ? { chips: [selectionChip(editor)] } : {}),
      });
    },
    askSymbol: (given) => {
      const target = given as Target;
      return chat.ask({ text: "", mode: "ask", send: false, chips: [symbolChip(target)] });
    },
    explain: () => {
      const { chips, what } = subject();
      return chat.ask({ text: `Explain ${what}`, mode: "ask", chips, send: true });
    },
    writeTests: () => {
      trusted();
      const { chips, what } = subject();
      return chat.ask({ text: `Write tests for ${what}`, mode: "task", chips, send: true });
    },
    refactor: async () => {
      trusted();
      const text = await vscode.window.showInputBox({
        title: "Refactor the Workspace",
        prompt: "What should change? Every change is put up for review; nothing is written before you accept it.",
        placeHolder: "e.g. rename Session.fetch to Session.load and keep the old name as an alias",
        ignoreFocusOut: true,
      });
      if (text?.trim()) await chat.ask({ text, mode: "task", send: true });
    },
    runTask: async () => {
      trusted();
      const text = await vscode.window.showInputBox({
        title: "Run a Task",
        prompt:
          "Say what should be done. The plan and each step are shown in the chat; the result is put up for review.",
        ignoreFocusOut: true,
      });
      if (text?.trim()) await chat.ask({ text, mode: "task", send: true });
    },
    "chat.new": () => chat.new(),
    "chat.history": () => chat.sendHistory(),
    "chat.stop": () => chat.stop(),
    "chat.clearHistory": () => chat.clearHistory(),
    "chat.addSelection": async () => {
      const editor = editorOrSay();
      if (!editor) return;
      chat.addChip(editor.selection.isEmpty ? fileChip(editor.document.uri) : selectionChip(editor));
      await vscode.commands.executeCommand("treewright.chat.focus");
    },
    "chat.addFile": async (uri) => {
      if (uri instanceof vscode.Uri) chat.addChip(fileChip(uri));
      await vscode.commands.executeCommand("treewright.chat.focus");
    },

    // ---------------------------------------------------------------- finding
    search: () => search(server, results),
    findSimilar: async () => {
      const editor = editorOrSay();
      if (!editor) return;
      const range = await subjectRange(editor);
      const params: SearchParams = {
        query: editor.document.getText(range).slice(0, 4000),
        limit: 30,
        like: { uri: editor.document.uri.toString(), range: fromRange(range) },
      };
      const found = await withProgress("Looking for similar code", (token) =>
        server.request<Found[]>("treewright/search", params, token),
      );
      await results.show(`like ${vscode.workspace.asRelativePath(editor.document.uri)}:${range.start.line + 1}`, found);
    },
    showGraph: (given) => {
      const target = given as Target | undefined;
      if (target?.position) {
        const { line, character } = target.position;
        return graph.show(vscode.Uri.parse(target.uri), new vscode.Position(line, character));
      }
      const editor = editorOrSay();
      return editor && graph.show(editor.document.uri, editor.selection.active);
    },
    openPlace: (place) => openPlace(place as Place),
    "results.clear": () => results.clear(),

    // ---------------------------------------------------------------- changing
    editSelection: () => editSelection(parts),
    fixDiagnostic: () => fixDiagnostic(parts),

    // ---------------------------------------------------------------- hunks in the editor
    "hunk.accept": (which) => inline.accept(which),
    "hunk.reject": (which) => inline.reject(which),
    "hunk.acceptAll": () => inline.acceptAll(),
    "hunk.rejectAll": () => inline.rejectAll(),
    "hunk.next": () => inline.step(true),
    "hunk.previous": () => inline.step(false),
    "hunk.compare": async (which) => {
      const found = inline.compare(which);
      if (found) await openDiff(found.entry, found.uri, found.hunk);
    },

    // ---------------------------------------------------------------- review
    review: async () => {
      await vscode.commands.executeCommand("treewright.review.focus");
      const [entry] = proposals.all();
      if (entry) await tree.reveal(entry);
    },
    reviewProposal: review,
    "review.accept": async (node) => {
      const entry = entryOf(tree, node);
      if (!entry) return;
      const ids = entry
        .pending()
        .map((hunk) => hunk.id)
        .filter((id) => entry.selection.isTicked(id));
      if (ids.length === 0) {
        void vscode.window.showInformationMessage("Nothing is ticked: tick the files or hunks that you want.");
        return;
      }
      const answer = await proposals.accept(entry, ids);
      if (!answer.ok) return offerAgain(parts, entry, answer.reason);
      // What was left unticked has been decided too.
      if (!entry.isDone) proposals.close(entry, "rejected");
      const done = `Applied ${plural(ids.length, "hunk")} in ${plural(new Set(ids.map((id) => entry.fileOf(id)?.uri)).size, "file")}.`;
      void vscode.window.setStatusBarMessage(`$(check) ${done} Undo takes it back.`, 6000);
    },
    "review.reject": (node) => {
      const current = tree.current(node as Node | undefined);
      if (!current) return;
      if (current.kind === "file" || current.kind === "hunk") proposals.reject(current.entry, idsOf(current));
      else proposals.close(current.entry, "rejected");
    },
    "review.dismiss": (node) => {
      const entry = entryOf(tree, node);
      if (entry) proposals.close(entry, "dismissed");
    },
    "review.comment": async (node) => {
      const entry = entryOf(tree, node);
      const comment =
        entry &&
        (await vscode.window.showInputBox({
          prompt: "What do you think of this proposal? It is kept with it on this machine.",
          ignoreFocusOut: true,
        }));
      if (entry && comment) {
        await server.request("treewright/proposals/settle", {
          proposal: entry.id,
          accepted: [],
          rejected: [],
          final: false,
          verdict: "dismissed",
          comment,
        });
        void vscode.window.setStatusBarMessage("$(comment) Kept", 3000);
      }
    },
    "review.tickAll": (node) => tickAll(parts, node, true),
    "review.untickAll": (node) => tickAll(parts, node, false),
    "review.open": (given) => {
      const node = tree.current(given as Node | undefined);
      if (!node) return;
      if (node.kind === "file") return openDiff(node.entry, node.file.uri);
      if (node.kind === "hunk") return openDiff(node.entry, node.file.uri, node.hunk.id);
      return openAll(node.entry);
    },
    "review.inline": (given) => {
      const node = tree.current(given as Node | undefined);
      if (node?.kind === "hunk") return inline.show(node.entry, node.file.uri, node.hunk.id);
      if (node?.kind === "file") return inline.show(node.entry, node.file.uri);
      return node && inline.show(node.entry);
    },
    "review.refresh": async (node) => {
      const entry = entryOf(tree, node);
      const fresh = entry && (await proposals.refresh(entry));
      if (fresh) await tree.reveal(fresh);
    },
    "review.report": async (node) => {
      const entry = entryOf(tree, node);
      if (!entry) return;
      try {
        await vscode.commands.executeCommand("markdown.showPreview", reportUri(entry));
      } catch {
        await vscode.window.showTextDocument(reportUri(entry), { preview: true });
      }
    },

    // ---------------------------------------------------------------- server
    indexStatus: () => indexStatus(parts),
    rebuildIndex: () => server.execute("treewright.index.rebuild"),
    exportFeedback: () => exportFeedback(parts),
    restart: () => server.restart("the user asked for it"),
    showLog: () => log.show(),
    selectInterpreter: () => selectInterpreter(),
    installServer: () => {
      trusted();
      return server.install();
    },
    setModelKey: async () => {
      const key = await vscode.window.showInputBox({
        title: "API Key of the Model",
        prompt:
          "Kept in the secret store of your system and given to the server as OPENAI_API_KEY. Leave it empty to forget it.",
        password: true,
        ignoreFocusOut: true,
      });
      if (key !== undefined) await server.setKey(key.trim() || undefined);
    },
    welcome: () =>
      vscode.commands.executeCommand(
        "workbench.action.openWalkthrough",
        "treewright.treewright#treewright.start",
        false,
      ),
  };
}

// -------------------------------------------------------------------- review

/** Show a proposal where it is reviewed best. */
export async function present({ inline, tree }: Parts, entry: Entry): Promise<void> {
  const where = vscode.workspace.getConfiguration("treewright.review").get<"auto" | "editor" | "tree">("where", "auto");
  const [file] = entry.proposal.changes;
  const simple = entry.proposal.changes.length === 1 && file?.kind === "edit";
  if (file?.kind === "edit" && (where === "editor" || (where === "auto" && simple))) await inline.show(entry);
  else await tree.reveal(entry);
}

async function offer(parts: Parts, answer: Offered): Promise<void> {
  if (answer.proposal) return present(parts, await parts.proposals.offer(answer.proposal));
  const { reason, guide } = answer.refused;
  const show = guide ? ["Show What to Do by Hand"] : [];
  const choice = await vscode.window.showInformationMessage(`No change is proposed: ${reason}`, ...show);
  if (choice) {
    const document = await vscode.workspace.openTextDocument({ language: "markdown", content: guide });
    await vscode.window.showTextDocument(document, { preview: true, viewColumn: vscode.ViewColumn.Beside });
  }
}

async function offerAgain(parts: Parts, entry: Entry, reason: string): Promise<void> {
  const again = "Plan It Again";
  if ((await vscode.window.showWarningMessage(`Not applied: ${reason}.`, again)) !== again) return;
  const fresh = await parts.proposals.refresh(entry);
  if (fresh) await present(parts, fresh);
}

function entryOf(tree: ReviewTree, node: unknown): Entry | undefined {
  return tree.current(node as Node | undefined)?.entry;
}

function tickAll({ tree, proposals }: Parts, node: unknown, ticked: boolean): void {
  const entry = entryOf(tree, node);
  if (entry)
    proposals.tick(
      entry,
      entry.pending().map((hunk) => hunk.id),
      ticked,
    );
}

// -------------------------------------------------------------------- changing

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

export function problemsAt(uri: vscode.Uri, selection: vscode.Range): vscode.Diagnostic[] {
  const all = vscode.languages.getDiagnostics(uri);
  const here = all.filter((each) => each.range.intersection(selection));
  const onLine = all.filter(
    (each) => each.range.start.line <= selection.end.line && each.range.end.line >= selection.start.line,
  );
  return (here.length ? here : onLine).sort((a, b) => a.severity - b.severity);
}

// -------------------------------------------------------------------- finding

const SEARCH_DELAY_MS = 150;

async function search(server: Server, results: Results): Promise<void> {
  type Item = vscode.QuickPickItem & { found: Found };
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
  const ask = async (query: string): Promise<void> => {
    cancel?.cancel();
    const mine = (cancel = new vscode.CancellationTokenSource());
    pick.busy = true;
    try {
      const found = await server.request<Found[]>(
        "treewright/search",
        { query, limit: 50 } satisfies SearchParams,
        mine.token,
      );
      if (mine.token.isCancellationRequested) return;
      all = found;
      pick.items = found.map((each): Item => ({
        label: `$(${iconOf(each.kind)}) ${each.symbol || firstLine(each.snippet)}`,
        description: `${each.place.path}:${each.place.range.start.line + 1}`,
        detail: firstLine(each.snippet).slice(0, 160),
        alwaysShow: true, // the server ranks by meaning; the words need not be in it
        found: each,
      }));
    } catch (error) {
      if (!mine.token.isCancellationRequested) pick.placeholder = `The search failed: ${message(error)}`;
    } finally {
      if (cancel === mine) pick.busy = false;
    }
  };
  pick.onDidChangeValue((value) => {
    clearTimeout(timer);
    if (value.trim()) timer = setTimeout(() => void ask(value), SEARCH_DELAY_MS);
    else pick.items = [];
  });
  pick.onDidTriggerButton(() => {
    void results.show(`“${pick.value}”`, all);
    pick.hide();
  });
  pick.onDidAccept(() => {
    const chosen = pick.activeItems[0];
    if (!chosen) return;
    void openPlace(chosen.found.place, { preview: true });
    pick.hide();
  });
  pick.onDidHide(() => {
    clearTimeout(timer);
    cancel?.cancel();
    pick.dispose();
  });
  pick.show();
  const editor = vscode.window.activeTextEditor;
  if (editor && !editor.selection.isEmpty && editor.selection.isSingleLine) {
    pick.value = editor.document.getText(editor.selection);
    await ask(pick.value);
  }
}

// -------------------------------------------------------------------- server

async function indexStatus(parts: Parts): Promise<void> {
  const { server } = parts;
  const { status } = server;
  type Item = vscode.QuickPickItem & { command?: string };
  const items: Item[] = [];
  const separator = (label: string): Item => ({ label, kind: vscode.QuickPickItemKind.Separator });
  if (status) {
    items.push(separator("Index"));
    for (const folder of status.folders) {
      const counts = `${plural(folder.files, "file")}, ${plural(folder.symbols, "symbol")}, ${plural(folder.references, "reference")}${folder.skipped ? `, ${folder.skipped} skipped` : ""}`;
      items.push({
        label: `$(${folder.ready ? "check" : "sync~spin"}) ${folder.name}`,
        description: folder.ready ? counts : `${folder.pending} to read, ${counts}`,
      });
    }
    items.push(separator("Model"), {
      label: `$(${{ none: "circle-slash", ready: "sparkle", failing: "warning" }[status.model.state]}) ${modelText(status)}`,
    });
  }
  items.push(
    separator("Server"),
    {
      label: `$(server) ${server.isRunning ? `treewright ${status?.version ?? ""}`.trim() : server.state}`,
      description: server.detail,
    },
    { label: "$(debug-restart) Restart the Server", command: "restart" },
    { label: "$(output) Show the Log", command: "showLog" },
    { label: "$(symbol-misc) Choose the Server's Python…", command: "selectInterpreter" },
  );
  if (server.isRunning) items.push({ label: "$(refresh) Rebuild the Index", command: "rebuildIndex" });
  if (parts.proposals.all().length)
    items.push({ label: `$(checklist) Review ${plural(parts.proposals.all().length, "proposal")}`, command: "review" });
  const chosen = await vscode.window.showQuickPick(items, {
    title: "Treewright",
    placeHolder: "Index, model and server",
  });
  if (chosen?.command) await vscode.commands.executeCommand(`treewright.ui.${chosen.command}`);
}

async function exportFeedback({ server }: Parts): Promise<void> {
  trusted();
  const python = server.choice?.candidate?.python;
  if (!python) throw new Error("the server's Python is not known; use `treewright feedback export` in a terminal");
  const formats = [
    { label: "messages", description: "conversations with tool calls (OpenAI)" },
    { label: "prompt_completion", description: "prompt and completion" },
    { label: "alpaca", description: "instruction, input, output" },
    { label: "sharegpt", description: "conversations (ShareGPT)" },
    { label: "dpo", description: "chosen and rejected pairs" },
    { label: "kto", description: "single answers with a label" },
    { label: "next_edit", description: "edits that followed each other" },
  ];
  const format = await vscode.window.showQuickPick(formats, { placeHolder: "Form of the training file" });
  if (!format) return;
  const target = await vscode.window.showSaveDialog({
    filters: { "JSON Lines": ["jsonl"] },
    saveLabel: "Export",
    title: "Export Feedback",
  });
  if (!target) return;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const args = [
    "-P",
    "-X",
    "utf8",
    "-m",
    "treewright_server",
    "feedback",
    "export",
    "--format",
    format.label,
    "--output",
    target.fsPath,
  ];
  await withProgress("Exporting feedback", () => run(python, folder ? [...args, "--workspace", folder] : args));
  const open = await vscode.window.showInformationMessage(`Feedback was written to ${target.fsPath}.`, "Open");
  if (open) await vscode.window.showTextDocument(target);
}

async function selectInterpreter(): Promise<void> {
  const settings = vscode.workspace.getConfiguration("treewright.server");
  const current = settings.get<string>("interpreter", "");
  type Item = vscode.QuickPickItem & { act: () => Thenable<unknown> };
  const target = vscode.workspace.workspaceFolders
    ? vscode.ConfigurationTarget.Workspace
    : vscode.ConfigurationTarget.Global;
  const set = (value: string | undefined): Thenable<void> => settings.update("interpreter", value, target);
  const items: Item[] = [
    {
      label: "$(folder-opened) Browse…",
      description: "a Python that has the treewright package",
      act: async () => {
        const chosen = await vscode.window.showOpenDialog({ canSelectMany: false, openLabel: "Use This Python" });
        if (chosen?.[0]) await set(chosen[0].fsPath);
      },
    },
    {
      label: "$(edit) Type a path…",
      act: async () => {
        const value = await vscode.window.showInputBox({
          value: current,
          prompt: "Path of a Python, or its name on the search path",
        });
        if (value !== undefined) await set(value.trim() || undefined);
      },
    },
    {
      label: "$(cloud-download) Install the server",
      description: "into an environment of this extension",
      act: () => vscode.commands.executeCommand("treewright.ui.installServer"),
    },
    ...(current
      ? [{ label: "$(discard) Find one by itself", description: `instead of ${current}`, act: () => set(undefined) }]
      : []),
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: "The Server's Python",
    placeHolder: current || "found by itself",
  });
  await chosen?.act();
}

// -------------------------------------------------------------------- helpers

function trusted(): void {
  if (!vscode.workspace.isTrusted) throw new Error("this is off in restricted mode; trust the workspace first");
}

function editorOrSay(): vscode.TextEditor | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) void vscode.window.showInformationMessage("Open a file first.");
  return editor;
}

function symbolChip({ uri, name, range }: Target): Chip {
  const detail = `${name} in ${vscode.workspace.asRelativePath(vscode.Uri.parse(uri))}`;
  return {
    id: `symbol ${uri} ${name} ${range.start.line}`,
    label: name,
    detail,
    item: { kind: "symbol", uri, range, name },
    automatic: false,
  };
}

/** What a command without words is about: the selection and its problems, or the file. */
function subject(): { chips: Chip[]; what: string } {
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
async function subjectRange(editor: vscode.TextEditor): Promise<vscode.Range> {
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

type Work<T> = (token: vscode.CancellationToken, report: (message: string) => void) => Promise<T>;

function withProgress<T>(title: string, work: Work<T>): Promise<T> {
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
