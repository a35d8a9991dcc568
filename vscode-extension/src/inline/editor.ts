/**
 * Review in the editor: what each pending hunk takes is marked, what it gives is shown beside or
 * below it, and every hunk is accepted or rejected with a key. The text itself is not touched
 * before that, so saving, linting and running see what the user wrote.
 */

import * as vscode from "vscode";
import type { Hunk } from "../protocol";
import { size, type Entry } from "../review/entry";
import { plural } from "../review/report";
import type { Proposals } from "../review/store";
import { plain, type Span } from "./track";

interface Shown {
  entry: Entry;
  hunk: Hunk;
  span: Span;
}

/** Longest new text that is shown in the line itself. */
const GHOST_LENGTH = 120;
/** With more hunks than this only the one at the cursor is unfolded. */
const UNFOLDED = 6;

export class InlineReview implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly shown = new Set<string>();
  private readonly lensesChanged = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.lensesChanged.event;
  private readonly controller = vscode.comments.createCommentController("treewright.hunks", "Treewright Review");
  private readonly threads = new Map<string, vscode.CommentThread>();
  private readonly hunkOfThread = new WeakMap<vscode.CommentThread, { entry: Entry; id: string }>();
  private readonly removed = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor("treewright.removedBackground"),
    border: "1px solid",
    borderColor: new vscode.ThemeColor("treewright.removedBorder"),
    textDecoration: "line-through",
    overviewRulerColor: new vscode.ThemeColor("minimapGutter.modifiedBackground"),
    overviewRulerLane: vscode.OverviewRulerLane.Left,
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
  });
  private readonly ghost = vscode.window.createTextEditorDecorationType({
    rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
    overviewRulerColor: new vscode.ThemeColor("minimapGutter.addedBackground"),
    overviewRulerLane: vscode.OverviewRulerLane.Left,
  });
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly proposals: Proposals) {
    this.disposables = [
      this.lensesChanged,
      this.controller,
      this.removed,
      this.ghost,
      vscode.languages.registerCodeLensProvider([{ scheme: "file" }, { scheme: "untitled" }], this),
      proposals.onDidChange((entry) => {
        if (!entry) this.forgetGone();
        this.draw();
      }),
      vscode.window.onDidChangeVisibleTextEditors(() => this.draw()),
      vscode.window.onDidChangeActiveTextEditor(() => this.draw()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration("treewright.lens")) this.lensesChanged.fire();
      }),
    ];
  }

  /** Review this proposal in the editor, from its first hunk on. */
  async show(entry: Entry, uri?: string, hunkId?: string): Promise<void> {
    this.shown.add(entry.id);
    const file = uri ? entry.files.get(uri) : entry.proposal.changes.find((each) => entry.pending(each.uri).length > 0);
    if (!file) return;
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(file.uri));
    const editor = await vscode.window.showTextDocument(document, { preview: false });
    const hunk = entry.pending(file.uri).find((each) => each.id === hunkId) ?? entry.pending(file.uri)[0];
    if (hunk) this.goTo(editor, entry, hunk.id);
    this.draw();
  }

  isShown(entry: Entry): boolean {
    return this.shown.has(entry.id);
  }

  // ---------------------------------------------------------------- drawing

  private hunks(document: vscode.TextDocument): Shown[] {
    const uri = document.uri.toString();
    const found: Shown[] = [];
    for (const entry of this.proposals.inDocument(uri)) {
      if (!this.shown.has(entry.id)) continue;
      for (const hunk of entry.pending(uri)) {
        const span = entry.span(hunk.id);
        if (span) found.push({ entry, hunk, span });
      }
    }
    return found.sort((a, b) => a.span.start - b.span.start);
  }

  private draw(): void {
    const active = vscode.window.activeTextEditor;
    const wanted = new Set<string>();
    for (const editor of vscode.window.visibleTextEditors) {
      const hunks = this.hunks(editor.document);
      const removed: vscode.DecorationOptions[] = [];
      const ghosts: vscode.DecorationOptions[] = [];
      const folded = hunks.length > UNFOLDED;
      hunks.forEach(({ entry, hunk, span }, index) => {
        const range = rangeOf(editor.document, span);
        if (!range.isEmpty) removed.push({ range });
        const text = ghostOf(hunk);
        if (text !== undefined) ghosts.push(ghostAt(editor.document, range, hunk, text));
        else if (hunk.newText) {
          wanted.add(key(entry, hunk));
          this.thread(editor.document, entry, hunk, range, `Hunk ${index + 1} of ${hunks.length}`, folded);
        } else
          ghosts.push({
            range: new vscode.Range(range.start, range.start),
            renderOptions: { before: { contentText: "", margin: "0" } },
          });
      });
      editor.setDecorations(this.removed, removed);
      editor.setDecorations(this.ghost, ghosts);
    }
    for (const [id, thread] of this.threads) {
      if (!wanted.has(id)) {
        thread.dispose();
        this.threads.delete(id);
      }
    }
    const any = active !== undefined && this.hunks(active.document).length > 0;
    void vscode.commands.executeCommand("setContext", "treewright.hunksInEditor", any);
    this.lensesChanged.fire();
  }

  /** The block below a hunk that shows what it puts in. */
  private thread(
    document: vscode.TextDocument,
    entry: Entry,
    hunk: Hunk,
    range: vscode.Range,
    label: string,
    folded: boolean,
  ): void {
    const id = key(entry, hunk);
    const last = range.end.character === 0 && range.end.line > range.start.line ? range.end.line - 1 : range.end.line;
    // The block hangs below the last line that goes, or the line before the place of an insertion.
    const insertion = range.isEmpty && range.start.character === 0 && range.start.line > 0;
    const line = insertion ? range.start.line - 1 : last;
    const at = new vscode.Range(line, 0, line, 0);
    let thread = this.threads.get(id);
    if (!thread) {
      const body = new vscode.MarkdownString();
      body.appendCodeblock(hunk.newText.replace(/\r?\n$/, ""), document.languageId);
      const { added, removed } = size(hunk);
      const note = [hunk.label, hunk.needsConfirmation ? hunk.note : "", `+${added} −${removed}`]
        .filter(Boolean)
        .join(" · ");
      thread = this.controller.createCommentThread(document.uri, at, [
        { body, mode: vscode.CommentMode.Preview, author: { name: "Treewright" }, label: note },
      ]);
      thread.canReply = false;
      thread.contextValue = "hunk";
      thread.collapsibleState = folded
        ? vscode.CommentThreadCollapsibleState.Collapsed
        : vscode.CommentThreadCollapsibleState.Expanded;
      this.threads.set(id, thread);
      this.hunkOfThread.set(thread, { entry, id: hunk.id });
    }
    thread.label = label;
    if ((thread.range as vscode.Range | undefined)?.start.line !== line) thread.range = at;
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    if (!vscode.workspace.getConfiguration("treewright.lens").get<boolean>("hunks", true)) return [];
    const hunks = this.hunks(document);
    return hunks.flatMap(({ entry, hunk, span }, index) => {
      const at = new vscode.Range(document.positionAt(span.start), document.positionAt(span.start));
      const lens = (title: string, command: string): vscode.CodeLens =>
        new vscode.CodeLens(at, {
          title,
          command: `treewright.ui.${command}`,
          arguments: [{ entry: entry.id, hunk: hunk.id }],
        });
      const more = entry.withNeeded([hunk.id]).length - 1;
      const lenses = [
        lens(more > 0 ? `$(check) Accept with ${more} More` : "$(check) Accept", "hunk.accept"),
        lens("$(close) Reject", "hunk.reject"),
      ];
      if (index === 0) {
        if (hunks.length > 1)
          lenses.push(
            lens(`$(check-all) All ${hunks.length}`, "hunk.acceptAll"),
            lens("$(close-all) None", "hunk.rejectAll"),
          );
        lenses.push(lens("$(diff) Compare", "hunk.compare"));
      }
      if (hunk.needsConfirmation) lenses.push(lens(`$(warning) ${hunk.note}`, "hunk.compare"));
      return lenses;
    });
  }

  // ---------------------------------------------------------------- deciding

  /** What a command means: a lens names its hunk, a key the hunk at the cursor. */
  private target(argument: unknown): { editor: vscode.TextEditor; shown: Shown } | undefined {
    const editor = vscode.window.activeTextEditor ?? vscode.window.visibleTextEditors[0];
    if (!editor) return undefined;
    const named = this.named(argument);
    const candidates = [editor, ...vscode.window.visibleTextEditors];
    if (named) {
      for (const each of candidates) {
        const shown = this.hunks(each.document).find((h) => h.entry.id === named.entry && h.hunk.id === named.hunk);
        if (shown) return { editor: each, shown };
      }
      return undefined;
    }
    const hunks = this.hunks(editor.document);
    const cursor = editor.document.offsetAt(editor.selection.active);
    const line = editor.selection.active.line;
    const touches = ({ span }: Shown): boolean => {
      const range = rangeOf(editor.document, span);
      return (span.start <= cursor && cursor <= span.end) || (range.start.line <= line && line <= range.end.line);
    };
    const shown = hunks.find(touches) ?? hunks.find(({ span }) => span.start >= cursor) ?? hunks[0];
    return shown ? { editor, shown } : undefined;
  }

  private named(argument: unknown): { entry: string; hunk: string } | undefined {
    if (typeof argument !== "object" || argument === null) return undefined;
    const thread = this.hunkOfThread.get(argument as vscode.CommentThread);
    if (thread) return { entry: thread.entry.id, hunk: thread.id };
    const { entry, hunk } = argument as { entry?: unknown; hunk?: unknown };
    return typeof entry === "string" && typeof hunk === "string" ? { entry, hunk } : undefined;
  }

  async accept(argument?: unknown): Promise<void> {
    const found = this.target(argument);
    if (!found) return;
    const { entry, hunk } = found.shown;
    const answer = await this.proposals.accept(entry, [hunk.id]);
    if (!answer.ok) return this.complain(entry, answer.reason);
    this.goOn(found.editor);
  }

  reject(argument?: unknown): void {
    const found = this.target(argument);
    if (!found) return;
    const { entry, hunk } = found.shown;
    this.proposals.reject(entry, [hunk.id]);
    this.goOn(found.editor);
  }

  async acceptAll(): Promise<void> {
    const editor = vscode.window.activeTextEditor;
    if (!editor) return;
    for (const entry of this.entriesOf(editor)) {
      const ids = entry.pending(editor.document.uri.toString()).map((hunk) => hunk.id);
      const answer = await this.proposals.accept(entry, ids);
      if (!answer.ok) await this.complain(entry, answer.reason);
    }
  }

  rejectAll(): void {
    const editor = vscode.window.activeTextEditor;
    if (!editor) return;
    for (const entry of this.entriesOf(editor)) {
      this.proposals.reject(
        entry,
        entry.pending(editor.document.uri.toString()).map((hunk) => hunk.id),
      );
    }
  }

  private entriesOf(editor: vscode.TextEditor): Entry[] {
    return [...new Set(this.hunks(editor.document).map((shown) => shown.entry))];
  }

  step(forward: boolean): void {
    const editor = vscode.window.activeTextEditor;
    if (!editor) return;
    const hunks = this.hunks(editor.document);
    const cursor = editor.document.offsetAt(editor.selection.active);
    const next = forward
      ? (hunks.find(({ span }) => span.start > cursor) ?? hunks[0])
      : (hunks.filter(({ span }) => span.start < cursor).pop() ?? hunks[hunks.length - 1]);
    if (next) this.goTo(editor, next.entry, next.hunk.id);
  }

  compare(argument?: unknown): { entry: Entry; uri: string; hunk: string } | undefined {
    const found = this.target(argument);
    return found && { entry: found.shown.entry, uri: found.editor.document.uri.toString(), hunk: found.shown.hunk.id };
  }

  private goOn(editor: vscode.TextEditor): void {
    const hunks = this.hunks(editor.document);
    const cursor = editor.document.offsetAt(editor.selection.active);
    const next = hunks.find(({ span }) => span.start >= cursor) ?? hunks[0];
    if (next) this.goTo(editor, next.entry, next.hunk.id);
  }

  private goTo(editor: vscode.TextEditor, entry: Entry, id: string): void {
    const span = entry.span(id);
    if (!span) return;
    const range = rangeOf(editor.document, span);
    editor.selection = new vscode.Selection(range.start, range.start);
    editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
    const thread = [...this.threads.values()].find((each) => this.hunkOfThread.get(each)?.id === id);
    if (thread) thread.collapsibleState = vscode.CommentThreadCollapsibleState.Expanded;
    const hunks = this.hunks(editor.document);
    const index = hunks.findIndex((each) => each.hunk.id === id);
    const hunk = hunks[index]?.hunk;
    if (hunk) {
      const { added, removed } = size(hunk);
      vscode.window.setStatusBarMessage(`$(diff) Hunk ${index + 1} of ${hunks.length}: +${added} −${removed}`, 4000);
    }
  }

  private async complain(entry: Entry, reason: string): Promise<void> {
    const again = "Plan It Again";
    const answer = await vscode.window.showWarningMessage(`Not applied: ${reason}.`, again);
    if (answer !== again) return;
    try {
      const fresh = await this.proposals.refresh(entry);
      if (fresh) await this.show(fresh);
    } catch (error) {
      void vscode.window.showWarningMessage(
        `There is no new proposal: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  private forgetGone(): void {
    for (const id of this.shown) if (!this.proposals.get(id)) this.shown.delete(id);
  }

  dispose(): void {
    for (const thread of this.threads.values()) thread.dispose();
    for (const each of this.disposables) each.dispose();
  }
}

export function summary(entry: Entry): string {
  const hunks = entry.pending().length;
  return `${entry.proposal.title}: ${plural(hunks, "hunk")}`;
}

function key(entry: Entry, hunk: Hunk): string {
  return `${entry.id} ${hunk.id}`;
}

function rangeOf(document: vscode.TextDocument, span: Span): vscode.Range {
  return new vscode.Range(document.positionAt(span.start), document.positionAt(span.end));
}

/** The new text, if it fits into the line that it belongs to. */
function ghostOf(hunk: Hunk): string | undefined {
  const text = plain(hunk.newText);
  if (!text || text.length > GHOST_LENGTH) return undefined;
  const line = text.replace(/^\n|\n$/, "");
  if (line.includes("\n") || plain(hunk.oldText).replace(/\n$/, "").includes("\n")) return undefined;
  return line;
}

function ghostAt(
  document: vscode.TextDocument,
  range: vscode.Range,
  hunk: Hunk,
  text: string,
): vscode.DecorationOptions {
  // Whole lines: the ghost stands behind the line that goes, or at the end of the line before.
  const wholeLine = range.end.character === 0 && range.end.line > range.start.line;
  const newLine = range.isEmpty && /^\r?\n|\r?\n$/.test(hunk.newText);
  let at = range.end;
  if (wholeLine) at = document.lineAt(range.end.line - 1).range.end;
  else if (newLine && range.start.character === 0 && range.start.line > 0)
    at = document.lineAt(range.start.line - 1).range.end;
  const mark = newLine ? "  ↵ " : wholeLine ? "  → " : "";
  return {
    range: new vscode.Range(at, at),
    renderOptions: {
      after: {
        // Spaces at the ends would be lost in the page that the editor is.
        contentText: mark + text.replaceAll(" ", "\u00a0").replaceAll("\t", "\u00a0\u00a0\u00a0\u00a0"),
        color: new vscode.ThemeColor("treewright.addedForeground"),
        fontStyle: "italic",
        ...(mark ? {} : { margin: "0 0 0 0.2ch" }),
      },
    },
  };
}
