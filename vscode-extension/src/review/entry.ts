/**
 * A proposal while it is reviewed: what is ticked, what was decided, and where each hunk stands
 * in text that goes on changing. Plain data; the editor tells it of changes and asks for edits.
 */

import { lineStarts, moved, offsetAt, plain, type Change, type Span } from "../inline/track";
import type { Hunk, Proposal, ProposedFile } from "../protocol";
import { Selection, closure, dependants, groupsOf, hunksOf } from "./selection";

export type Decision = "pending" | "accepted" | "rejected";

export interface PlacedEdit extends Span {
  hunk: Hunk;
  text: string;
}

export class StaleError extends Error {
  constructor(readonly path: string) {
    super(`${path} has changed since this was proposed`);
  }
}

export class Entry {
  readonly selection: Selection;
  readonly files = new Map<string, ProposedFile>();
  private readonly hunks: Hunk[];
  private readonly byId = new Map<string, { hunk: Hunk; file: ProposedFile }>();
  private readonly decisions = new Map<string, Decision>();
  /** Hunks of edited files whose place in the text is known. */
  private readonly spans = new Map<string, Span>();
  private readonly lost = new Set<string>();
  private readonly placed = new Set<string>();

  constructor(readonly proposal: Proposal) {
    this.hunks = hunksOf(proposal);
    for (const file of proposal.changes) {
      this.files.set(file.uri, file);
      for (const hunk of file.hunks) {
        this.byId.set(hunk.id, { hunk, file });
        this.decisions.set(hunk.id, "pending");
      }
    }
    const sure = new Set(this.hunks.filter((h) => !h.needsConfirmation).flatMap(groupsOf));
    this.selection = new Selection(
      this.hunks,
      (hunk) => !hunk.needsConfirmation || groupsOf(hunk).some((group) => sure.has(group)),
    );
  }

  get id(): string {
    return this.proposal.id;
  }

  hunk(id: string): Hunk | undefined {
    return this.byId.get(id)?.hunk;
  }

  fileOf(id: string): ProposedFile | undefined {
    return this.byId.get(id)?.file;
  }

  decision(id: string): Decision {
    return this.decisions.get(id) ?? "rejected";
  }

  pending(uri?: string): Hunk[] {
    const file = uri === undefined ? undefined : this.files.get(uri);
    if (uri !== undefined && !file) return [];
    return (file?.hunks ?? this.hunks).filter((hunk) => this.decision(hunk.id) === "pending");
  }

  decided(as: Decision): string[] {
    return this.hunks.filter((hunk) => this.decision(hunk.id) === as).map((hunk) => hunk.id);
  }

  get isDone(): boolean {
    return this.pending().length === 0;
  }

  /** Paths whose text is not what the pending hunks were made for any more. */
  get stale(): string[] {
    const paths = new Set(this.proposal.stale);
    for (const id of this.lost) {
      const file = this.fileOf(id);
      if (file && this.decision(id) === "pending") paths.add(file.path);
    }
    return [...paths];
  }

  isLost(id: string): boolean {
    return this.lost.has(id);
  }

  /** Whether the hunks of a file have their places. */
  isPlaced(uri: string): boolean {
    return this.placed.has(uri);
  }

  /**
   * Find each hunk in the document as it is now. False, and nothing is placed, when its text is
   * not the one the proposal was made for; `sameText` says so where a hash was sent.
   */
  place(uri: string, text: string, sameText: boolean): boolean {
    const file = this.files.get(uri);
    if (file?.kind !== "edit" && file?.kind !== "rename") return true;
    const starts = lineStarts(text);
    const spans = file.hunks.map((hunk): Span => {
      const { start, end } = hunk.range;
      return {
        start: offsetAt(text, starts, start.line, start.character),
        end: offsetAt(text, starts, end.line, end.character),
      };
    });
    const fits = file.hunks.every((hunk, i) => {
      const span = spans[i];
      return (
        span !== undefined &&
        (isWholeFile(hunk, file) || plain(text.slice(span.start, span.end)) === plain(hunk.oldText))
      );
    });
    if (!sameText || !fits) {
      for (const hunk of file.hunks) this.lost.add(hunk.id);
      return false;
    }
    file.hunks.forEach((hunk, i) => {
      const span = spans[i];
      if (span) this.spans.set(hunk.id, span);
    });
    this.placed.add(uri);
    return true;
  }

  /** A document changed. Returns true when a pending hunk moved or was lost. */
  changed(uri: string, changes: readonly Change[]): boolean {
    const file = this.files.get(uri);
    if (!file || !this.placed.has(uri)) return false;
    let touched = false;
    for (const hunk of file.hunks) {
      const span = this.spans.get(hunk.id);
      if (!span || this.decision(hunk.id) !== "pending") continue;
      const now = moved(span, changes);
      if (!now) {
        this.lost.add(hunk.id);
        this.spans.delete(hunk.id);
        touched = true;
      } else if (now.start !== span.start || now.end !== span.end) {
        this.spans.set(hunk.id, now);
        touched = true;
      }
    }
    return touched;
  }

  span(id: string): Span | undefined {
    return this.spans.get(id);
  }

  /** The hunks that are accepted with these: what belongs together goes together. */
  withNeeded(ids: readonly string[]): string[] {
    const wanted = new Set(ids.flatMap((id) => closure(this.hunks, id)));
    return this.pendingIds().filter((id) => wanted.has(id));
  }

  /** The hunks that cannot stay without these. */
  withDependants(ids: readonly string[]): string[] {
    const gone = new Set(ids.flatMap((id) => dependants(this.hunks, id)));
    return this.pendingIds().filter((id) => gone.has(id));
  }

  /** Edits of one document for the given hunks, in order. Raises StaleError. */
  edits(uri: string, ids: readonly string[], textOf: (span: Span) => string): PlacedEdit[] {
    const file = this.files.get(uri);
    if (!file) return [];
    const found: PlacedEdit[] = [];
    for (const hunk of file.hunks) {
      if (!ids.includes(hunk.id) || isWholeFile(hunk, file)) continue;
      const span = this.spans.get(hunk.id);
      if (!span || plain(textOf(span)) !== plain(hunk.oldText)) throw new StaleError(file.path);
      found.push({ ...span, hunk, text: hunk.newText });
    }
    return found.sort((a, b) => a.start - b.start);
  }

  decide(ids: readonly string[], decision: Decision): void {
    for (const id of ids) if (this.byId.has(id)) this.decisions.set(id, decision);
  }

  private pendingIds(): string[] {
    return this.pending().map((hunk) => hunk.id);
  }
}

/** The creation, renaming or deletion of the file itself, which is no edit of text. */
export function isWholeFile(hunk: Hunk, file: ProposedFile): boolean {
  return file.kind !== "edit" && hunk.id.endsWith("/file");
}

/** How many lines a hunk takes and gives, for people. */
export function size(hunk: Hunk): { added: number; removed: number } {
  const count = (text: string): number => {
    if (!text) return 0;
    const lines = plain(text).split("\n");
    return lines.length - (lines[lines.length - 1] === "" ? 1 : 0);
  };
  return { added: count(hunk.newText), removed: count(hunk.oldText) };
}
