import type { Hunk, Proposal, ProposedFile } from "../src/protocol";

export function hunk(id: string, line: number, oldText: string, newText: string, more: Partial<Hunk> = {}): Hunk {
  const start = { line, character: 0 };
  const lines = oldText.split("\n");
  const end =
    lines.length > 1
      ? { line: line + lines.length - 1, character: lines.at(-1)?.length ?? 0 }
      : { line, character: oldText.length };
  return {
    id,
    range: { start, end },
    oldText,
    newText,
    label: "",
    note: "",
    needsConfirmation: false,
    groups: [],
    ...more,
  };
}

export function file(uri: string, hunks: Hunk[], more: Partial<ProposedFile> = {}): ProposedFile {
  const path = uri.replace("file:///ws/", "");
  return {
    uri,
    path,
    kind: "edit",
    newUri: null,
    newPath: null,
    version: null,
    hash: null,
    language: "python",
    hunks,
    ...more,
  };
}

export function proposal(changes: ProposedFile[], more: Partial<Proposal> = {}): Proposal {
  return {
    id: "p1",
    title: "Rename it",
    reason: "",
    source: "recipe",
    rung: "recipe",
    stale: [],
    files: changes.length,
    hunks: changes.reduce((sum, each) => sum + each.hunks.length, 0),
    state: "open",
    report: { ok: true, checks: [{ name: "parse", status: "ok", detail: "1 file", seconds: 0.002 }], newProblems: [] },
    changes,
    notes: [],
    ...more,
  };
}
