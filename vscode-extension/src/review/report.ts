/** The verification report of a proposal as Markdown. Plain data. */

import type { Check, Proposal } from "../protocol";

const STATUS: Record<Check["status"], string> = { ok: "passed", failed: "**failed**", skipped: "skipped" };

/** Text from outside, with nothing in it that Markdown would read as markup. */
export function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+!|<>~&-]/g, "\\$&").replace(/\r?\n/g, " ");
}

export function report(proposal: Proposal, stale: readonly string[]): string {
  const { added, removed } = counts(proposal);
  const lines = [
    `# ${escaped(proposal.title)}`,
    "",
    proposal.reason ? `${escaped(proposal.reason)}\n` : "",
    `- Decided by: ${escaped(rungText(proposal.rung))}`,
    `- Size: ${plural(proposal.changes.length, "file")}, ${plural(proposal.hunks, "hunk")}, ${added} lines added, ${removed} removed`,
    `- Verdict: ${proposal.report.ok ? "nothing got worse" : "**it makes something worse**"}`,
    ...(stale.length ? [`- **Out of date**: ${stale.map(escaped).join(", ")} changed since`] : []),
    "",
    "## What was checked",
    "",
    "| Check | Result | Detail | Time |",
    "| --- | --- | --- | ---: |",
    ...proposal.report.checks.map(
      (check) =>
        `| ${escaped(check.name)} | ${STATUS[check.status]} | ${escaped(check.detail)} | ${duration(check.seconds)} |`,
    ),
    "",
  ];
  const risky = proposal.changes.flatMap((file) =>
    file.hunks
      .filter((hunk) => hunk.needsConfirmation)
      .map((hunk) => {
        const place = `${file.path}:${hunk.range.start.line + 1}`;
        return `- ${escaped(place)}: ${escaped(hunk.note.replace(` (${place})`, ""))}`;
      }),
  );
  if (risky.length) lines.push("## Look at these first", "", ...risky, "");
  if (proposal.notes.length) {
    lines.push("## Left alone, worth a look", "");
    for (const { place, text } of proposal.notes)
      lines.push(`- ${escaped(place.path)}:${place.range.start.line + 1}: ${escaped(text)}`);
    lines.push("");
  }
  if (proposal.report.newProblems.length) {
    lines.push(
      "## New problems that it brings",
      "",
      ...proposal.report.newProblems.map((each) => `- ${escaped(each)}`),
      "",
    );
  }
  return lines.join("\n");
}

function counts(proposal: Proposal): { added: number; removed: number } {
  let added = 0;
  let removed = 0;
  for (const file of proposal.changes) {
    for (const hunk of file.hunks) {
      added += hunk.newText ? hunk.newText.replace(/\r?\n$/, "").split(/\r?\n/).length : 0;
      removed += hunk.oldText ? hunk.oldText.replace(/\r?\n$/, "").split(/\r?\n/).length : 0;
    }
  }
  return { added, removed };
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

export function duration(seconds: number): string {
  if (seconds < 0.0995) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

const RUNG: Record<string, string> = {
  recipe: "a proven rule",
  operation: "a refactoring that you asked for",
  model: "a language model, then verified",
  cache: "an earlier change that you accepted",
  template: "a template",
  guide: "search and the code graph, without a model",
};

export function rungText(rung: string): string {
  return RUNG[rung] ?? rung;
}
