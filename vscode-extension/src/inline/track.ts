/**
 * Hunks that stay right while the text around them is edited. Plain data; offsets are UTF-16
 * code units of one document's text.
 */

export interface Span {
  start: number;
  end: number;
}

/** One change of a text: `start` to `end` was replaced by `length` units. */
export interface Change extends Span {
  length: number;
}

/**
 * Where `span` stands after `changes`, each of them in terms of the text before all of them, as
 * editors report them. Undefined when one of them touched what is inside.
 *
 * Text typed right at the edge of a span belongs to the outside, also for an empty span, which
 * stays in front of what is typed there only if that came after it.
 */
export function moved(span: Span, changes: readonly Change[]): Span | undefined {
  let shift = 0;
  for (const change of changes) {
    const growth = change.length - (change.end - change.start);
    if (
      change.end <= span.start &&
      !(change.start === change.end && change.start === span.start && span.start === span.end)
    ) {
      shift += growth;
    } else if (change.start >= span.end) {
      continue;
    } else {
      return undefined;
    }
  }
  return { start: span.start + shift, end: span.end + shift };
}

/** The text with the edits made. They are disjoint and may come in any order. */
export function applied(text: string, edits: readonly (Span & { text: string })[]): string {
  let result = "";
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start || a.end - b.end)) {
    if (edit.start < at) throw new RangeError("edits overlap");
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/** Line breaks as `\n`: two texts that an editor shows alike are equal then. */
export function plain(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}

/** Offsets of the line starts, split as LSP splits: `\r\n`, `\n`, `\r`. */
export function lineStarts(text: string): number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  return starts;
}

/** Offset of a position; a column behind its line's end means the end, as in LSP. */
export function offsetAt(text: string, starts: readonly number[], line: number, character: number): number {
  if (line >= starts.length) return text.length;
  const start = starts[line] ?? 0;
  let end = starts[line + 1] ?? text.length;
  while (end > start && (text[end - 1] === "\n" || text[end - 1] === "\r")) end--;
  return Math.min(start + character, end);
}
