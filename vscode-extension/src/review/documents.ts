/**
 * `treewright-proposal:` documents: a file as it would be with the ticked hunks, for the right
 * side of a diff. `treewright-empty:` is the left side of a file that does not exist yet.
 */

import * as vscode from "vscode";
import { applied } from "../inline/track";
import { report as reportText } from "./report";
import type { Entry } from "./entry";
import { isWholeFile } from "./entry";
import { placed, type Proposals } from "./store";

export const PROPOSED = "treewright-proposal";
export const EMPTY = "treewright-empty";
export const REPORT = "treewright-report";

export class ProposalDocuments implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;
  private readonly disposables: vscode.Disposable[] = [];

  constructor(private readonly proposals: Proposals) {
    for (const scheme of [PROPOSED, EMPTY, REPORT]) {
      this.disposables.push(vscode.workspace.registerTextDocumentContentProvider(scheme, this));
    }
    this.disposables.push(
      this.changed,
      proposals.onDidChange(() => {
        for (const { uri } of vscode.workspace.textDocuments) {
          if (uri.scheme === PROPOSED || uri.scheme === REPORT) this.changed.fire(uri);
        }
      }),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        const source = document.uri.toString();
        for (const { uri } of vscode.workspace.textDocuments) {
          if (uri.scheme === PROPOSED && parse(uri).source === source) this.changed.fire(uri);
        }
      }),
    );
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    if (uri.scheme === EMPTY) return "";
    const { proposal, source } = parse(uri);
    const entry = this.proposals.get(proposal);
    if (uri.scheme === REPORT)
      return entry ? reportText(entry.proposal, entry.stale) : "This proposal has been decided.\n";
    return entry ? proposedText(entry, source) : currentText(source);
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }
}

async function currentText(source: string): Promise<string> {
  try {
    return (await vscode.workspace.openTextDocument(vscode.Uri.parse(source))).getText();
  } catch {
    return "";
  }
}

/** The file with the hunks that are pending and ticked. */
async function proposedText(entry: Entry, source: string): Promise<string> {
  const file = entry.files.get(source);
  if (!file || file.kind === "delete") return "";
  const whole = file.hunks.find((hunk) => isWholeFile(hunk, file));
  if (file.kind === "create") return whole?.newText ?? "";
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(source));
  const ids = entry.pending(source).filter((h) => entry.selection.isTicked(h.id) && !entry.isLost(h.id));
  try {
    return applied(
      document.getText(),
      placed(
        entry,
        document,
        ids.map((hunk) => hunk.id),
      ),
    );
  } catch {
    return document.getText(); // it is stale, which the tree says
  }
}

function parse(uri: vscode.Uri): { proposal: string; source: string } {
  const query = new URLSearchParams(uri.query);
  return { proposal: query.get("proposal") ?? "", source: query.get("source") ?? "" };
}

export function proposedUri(entry: Entry, source: string, scheme = PROPOSED): vscode.Uri {
  const query = new URLSearchParams({ proposal: entry.id, source }).toString();
  return vscode.Uri.parse(source).with({ scheme, authority: "", query, fragment: "" });
}

export function reportUri(entry: Entry): vscode.Uri {
  const query = new URLSearchParams({ proposal: entry.id }).toString();
  return vscode.Uri.from({ scheme: REPORT, path: "/Verification report.md", query });
}

/** Show one file of a proposal as a diff, at the hunk if one is given. */
export async function openDiff(entry: Entry, source: string, hunkId?: string): Promise<void> {
  const file = entry.files.get(source);
  if (!file) return;
  const left = file.kind === "create" ? proposedUri(entry, source, EMPTY) : vscode.Uri.parse(source);
  const right = proposedUri(entry, source);
  const verb = { edit: "proposed", create: "new file", rename: "renamed", delete: "deleted" }[file.kind];
  const hunk = hunkId === undefined ? undefined : entry.hunk(hunkId);
  const line = hunk?.range.start.line ?? 0;
  await vscode.commands.executeCommand("vscode.diff", left, right, `${file.path} (${verb})`, {
    preview: true,
    ...(hunk ? { selection: new vscode.Range(line, 0, line, 0) } : {}),
  } satisfies vscode.TextDocumentShowOptions);
}

/** Every file in one multi-file diff. */
export async function openAll(entry: Entry): Promise<void> {
  const files = entry.proposal.changes.map((file) => {
    const source = vscode.Uri.parse(file.uri);
    const left = file.kind === "create" ? undefined : source;
    const right = file.kind === "delete" ? undefined : proposedUri(entry, file.uri);
    return [source, left, right] as const;
  });
  await vscode.commands.executeCommand("vscode.changes", entry.proposal.title, files);
}
