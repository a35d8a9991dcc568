/**
 * The proposals under review, and the only place where one is put into the user's text.
 *
 * **Invariants.** Nothing is written before the user accepts it. Each edit is made only where its
 * old text still stands. What became of each hunk is told to the server, which watches the text
 * from then on.
 */

import { createHash } from "node:crypto";
import * as vscode from "vscode";
import { plain, type Change } from "../inline/track";
import type { Offered, Proposal, ProposalSummary, ProposedFile, SettleParams, Verdict } from "../protocol";
import { message, type Server } from "../server/server";
import { Entry, StaleError, isWholeFile, type PlacedEdit } from "./entry";

export interface Applied {
  ok: boolean;
  reason: string;
}

export class Proposals implements vscode.Disposable {
  private readonly entries = new Map<string, Entry>();
  private readonly changed = new vscode.EventEmitter<Entry | undefined>();
  /** An entry changed; undefined when the list did. */
  readonly onDidChange = this.changed.event;
  private readonly disposables: vscode.Disposable[] = [];
  /** Texts of documents that the editor closed while their hunks were pending. */
  private readonly closed = new Map<string, string>();

  constructor(
    private readonly server: Server,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.disposables.push(
      this.changed,
      vscode.workspace.onDidChangeTextDocument((event) => this.textChanged(event)),
      vscode.workspace.onDidCloseTextDocument((document) => {
        const uri = document.uri.toString();
        if (!this.all().some((entry) => entry.isPlaced(uri) && entry.pending(uri).length > 0)) return;
        this.closed.set(uri, fingerprint(document.getText()));
        // The editor lets go of what was opened unseen after some minutes: accepting would wait for it.
        void vscode.workspace.openTextDocument(document.uri).then(undefined, () => undefined);
      }),
      vscode.workspace.onDidOpenTextDocument((document) => void this.reopened(document)),
    );
  }

  all(): Entry[] {
    return [...this.entries.values()];
  }

  get(id: string): Entry | undefined {
    return this.entries.get(id);
  }

  /** The entries with pending hunks in a document. */
  inDocument(uri: string): Entry[] {
    return this.all().filter((entry) => entry.pending(uri).length > 0);
  }

  /** Put a proposal up for review. Its documents are opened unseen, so that accepting is instant. */
  async offer(proposal: Proposal): Promise<Entry> {
    const known = this.entries.get(proposal.id);
    if (known && !known.isDone) return known;
    const entry = new Entry(proposal);
    this.entries.set(proposal.id, entry);
    await Promise.all(proposal.changes.map((file) => this.place(entry, file.uri)));
    this.changed.fire(undefined);
    return entry;
  }

  /** The proposal of that id, from the server where it is not known here. */
  async fetch(id: string): Promise<Entry> {
    const known = this.entries.get(id);
    if (known) return known;
    return this.offer(await this.server.request<Proposal>("treewright/proposals/get", { proposal: id }));
  }

  /** What the server still has open, after a start of the window. */
  async reload(): Promise<void> {
    try {
      const open = await this.server.request<ProposalSummary[]>("treewright/proposals/list", {});
      for (const summary of open) if (summary.state === "open") await this.fetch(summary.id);
    } catch (error) {
      this.log.debug(`no list of proposals: ${message(error)}`);
    }
  }

  /** The server is a new one: it knows nothing of what is open here. */
  clear(): void {
    this.entries.clear();
    this.changed.fire(undefined);
  }

  private async place(entry: Entry, uri: string): Promise<void> {
    const file = entry.files.get(uri);
    if (!file || file.kind === "create" || file.kind === "delete") return;
    try {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(uri));
      const text = document.getText();
      entry.place(uri, text, file.hash === null || fingerprint(text) === file.hash);
    } catch (error) {
      this.log.warn(`cannot open ${file.path}: ${message(error)}`);
      entry.place(uri, "", false);
    }
  }

  private textChanged(event: vscode.TextDocumentChangeEvent): void {
    if (event.contentChanges.length === 0) return;
    const uri = event.document.uri.toString();
    const changes = event.contentChanges.map((change): Change => {
      const start = change.rangeOffset;
      return { start, end: start + change.rangeLength, length: change.text.length };
    });
    for (const entry of this.all()) if (entry.changed(uri, changes)) this.changed.fire(entry);
  }

  /** A document whose changes could not be followed is looked at again. */
  private async reopened(document: vscode.TextDocument): Promise<void> {
    const uri = document.uri.toString();
    const before = this.closed.get(uri);
    if (before === undefined) return;
    this.closed.delete(uri);
    if (before === fingerprint(document.getText())) return;
    for (const entry of this.inDocument(uri)) {
      await this.place(entry, uri);
      this.changed.fire(entry);
    }
  }

  tick(entry: Entry, ids: readonly string[], ticked: boolean): string[] {
    const changed = entry.selection.setAll(ids, ticked);
    this.changed.fire(entry);
    return changed;
  }

  // ---------------------------------------------------------------- deciding

  /** Put these hunks, and what they need, into the text: one edit, one undo. */
  async accept(entry: Entry, ids: readonly string[]): Promise<Applied> {
    const begun = performance.now();
    const wanted = entry.withNeeded(ids);
    if (wanted.length === 0) return { ok: false, reason: "nothing is left to accept" };
    const files = entry.proposal.changes.filter((file) => file.hunks.some((hunk) => wanted.includes(hunk.id)));
    const touched = new Set(files.map((file) => file.uri));
    let edit: vscode.WorkspaceEdit;
    try {
      edit = await this.edit(entry, files, wanted);
    } catch (error) {
      if (!(error instanceof StaleError)) throw error;
      this.changed.fire(entry);
      return { ok: false, reason: error.message };
    }
    const ready = (performance.now() - begun).toFixed(1);
    entry.decide(wanted, "accepted"); // before the edit: its own changes move the others
    // VS Code may save a refactoring's files before it answers; the user sees the text before that.
    // A save tells of a change too, one without content.
    const waiting = new Set(touched);
    let changed = 0;
    const watching = vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length > 0 && waiting.delete(document.uri.toString())) changed = performance.now() - begun;
    });
    const ok = await vscode.workspace.applyEdit(edit, { isRefactoring: touched.size > 1 });
    watching.dispose();
    if (!ok) {
      entry.decide(wanted, "pending");
      for (const uri of touched) await this.place(entry, uri);
      this.changed.fire(entry);
      return { ok: false, reason: "the editor did not take the edit; nothing was changed" };
    }
    const took = (performance.now() - begun).toFixed(0);
    this.log.info(
      `applied ${wanted.length} hunks in ${touched.size} files: edit ready after ${ready} ms, text after ${changed.toFixed(0)} ms, all done after ${took} ms`,
    );
    this.settle(entry, wanted, [], "accepted");
    this.finishIfDone(entry);
    this.changed.fire(entry);
    return { ok: true, reason: "" };
  }

  /** One edit of all files for these hunks. Raises StaleError. */
  private async edit(
    entry: Entry,
    files: readonly ProposedFile[],
    wanted: readonly string[],
  ): Promise<vscode.WorkspaceEdit> {
    const edit = new vscode.WorkspaceEdit();
    const open = new Map(vscode.workspace.textDocuments.map((document) => [document.uri.toString(), document]));
    const missing = files.filter((file) => ["edit", "rename"].includes(file.kind) && !open.has(file.uri));
    for (const document of await Promise.all(
      missing.map((file) => vscode.workspace.openTextDocument(vscode.Uri.parse(file.uri))),
    ))
      open.set(document.uri.toString(), document);
    for (const file of files) {
      const uri = vscode.Uri.parse(file.uri);
      const whole = file.hunks.find((hunk) => wanted.includes(hunk.id) && isWholeFile(hunk, file));
      if (file.kind === "create") {
        edit.createFile(uri, { overwrite: false, contents: Buffer.from(whole?.newText ?? "", "utf8") });
        continue;
      }
      if (file.kind === "delete") {
        edit.deleteFile(uri, { recursive: false });
        continue;
      }
      const document = open.get(file.uri) ?? open.get(uri.toString());
      if (!document) throw new StaleError(file.path);
      for (const each of placed(entry, document, wanted)) {
        const range = new vscode.Range(document.positionAt(each.start), document.positionAt(each.end));
        edit.replace(uri, range, each.text);
      }
      if (whole && file.newUri) edit.renameFile(uri, vscode.Uri.parse(file.newUri), { overwrite: false });
    }
    return edit;
  }

  reject(entry: Entry, ids: readonly string[]): void {
    const gone = entry.withDependants(ids);
    entry.decide(gone, "rejected");
    entry.selection.setAll(gone, false);
    this.settle(entry, [], gone, "rejected");
    this.finishIfDone(entry);
    this.changed.fire(entry);
  }

  /** Take the proposal off the list. `dismissed`: the user does not say what they think of it. */
  close(entry: Entry, verdict: Verdict, comment = ""): void {
    const rest = entry.pending().map((hunk) => hunk.id);
    entry.decide(rest, "rejected");
    this.settle(entry, [], verdict === "rejected" ? rest : [], verdict, comment);
    this.entries.delete(entry.id);
    this.changed.fire(undefined);
  }

  /** Plan it again on the text as it is. Raises what the server says. */
  async refresh(entry: Entry): Promise<Entry | undefined> {
    const answer = await this.server.request<Offered>("treewright/proposals/refresh", { proposal: entry.id });
    this.entries.delete(entry.id);
    if (answer.proposal) return this.offer(answer.proposal);
    this.changed.fire(undefined);
    throw new Error(answer.refused.reason);
  }

  private finishIfDone(entry: Entry): void {
    if (!entry.isDone) return;
    this.entries.delete(entry.id);
    this.changed.fire(undefined);
  }

  private settle(entry: Entry, accepted: string[], rejected: string[], verdict: Verdict, comment = ""): void {
    const params: SettleParams = {
      proposal: entry.id,
      accepted,
      rejected,
      final: entry.isDone,
      verdict,
      ...(comment ? { comment } : {}),
    };
    this.server.request("treewright/proposals/settle", params).catch((error: unknown) => {
      this.log.warn(`the outcome was not recorded: ${message(error)}`);
    });
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }
}

/** The edits of one document for these hunks. Raises StaleError. */
export function placed(entry: Entry, document: vscode.TextDocument, ids: readonly string[]): PlacedEdit[] {
  return entry.edits(document.uri.toString(), ids, (span) =>
    document.getText(new vscode.Range(document.positionAt(span.start), document.positionAt(span.end))),
  );
}

/** As ProposedFile.hash. */
export function fingerprint(text: string): string {
  return createHash("sha256").update(plain(text), "utf8").digest("hex");
}
