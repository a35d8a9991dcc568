/** The Review view: proposals, what was checked, files and hunks, with ticks. */

import * as vscode from "vscode";
import type { Check, Hunk, ProposedFile } from "../protocol";
import { isWholeFile, size, type Entry } from "./entry";
import { duration, plural, rungText } from "./report";
import type { Proposals } from "./store";

export type Node =
  | { kind: "proposal"; entry: Entry }
  | { kind: "checks"; entry: Entry }
  | { kind: "check"; entry: Entry; check: Check }
  | { kind: "notes"; entry: Entry }
  | { kind: "note"; entry: Entry; index: number }
  | { kind: "file"; entry: Entry; file: ProposedFile }
  | { kind: "hunk"; entry: Entry; file: ProposedFile; hunk: Hunk };

const { Collapsed, Expanded, None } = vscode.TreeItemCollapsibleState;
const { Checked, Unchecked } = vscode.TreeItemCheckboxState;

export class ReviewTree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  readonly view: vscode.TreeView<Node>;
  private readonly disposables: vscode.Disposable[] = [];
  private readonly nodes = new Map<string, Node>();

  constructor(private readonly proposals: Proposals) {
    this.view = vscode.window.createTreeView<Node>("treewright.review", {
      treeDataProvider: this,
      manageCheckboxStateManually: true,
      showCollapseAll: true,
    });
    this.disposables.push(
      this.view,
      this.changed,
      proposals.onDidChange(() => this.refresh()),
      this.view.onDidChangeCheckboxState(({ items }) => {
        for (const [node, state] of items) this.tick(node, state === Checked);
      }),
    );
    this.refresh();
  }

  private refresh(): void {
    const entries = this.proposals.all();
    const pending = entries.reduce((sum, entry) => sum + entry.pending().length, 0);
    this.view.badge = entries.length
      ? { value: entries.length, tooltip: `${plural(entries.length, "proposal")} to review` }
      : undefined;
    this.view.message = entries.some((entry) => entry.stale.length)
      ? "Some files have changed since: plan the proposal again to go on with them."
      : "";
    this.view.description = pending ? plural(pending, "hunk") : "";
    void vscode.commands.executeCommand("setContext", "treewright.hasProposals", entries.length > 0);
    this.changed.fire(undefined);
  }

  private tick(node: Node, ticked: boolean): void {
    const ids = idsOf(node);
    if (ids.length === 0) return;
    const changed = this.proposals.tick(node.entry, ids, ticked);
    const more = changed.filter((id) => !ids.includes(id)).length;
    if (more > 0) {
      const verb = ticked ? "needed with it, and ticked" : "useless without it, and unticked";
      vscode.window.setStatusBarMessage(
        `$(link) ${plural(more, "more hunk")} ${more === 1 ? "is" : "are"} ${verb} too`,
        4000,
      );
    }
  }

  /** The node that a command without an argument means: the selected one, or the only proposal. */
  current(node?: Node): Node | undefined {
    const selected = node ?? this.view.selection[0];
    if (selected && this.proposals.get(selected.entry.id) === selected.entry) return selected;
    const [entry, second] = this.proposals.all();
    return entry && !second ? this.node({ kind: "proposal", entry }) : undefined;
  }

  async reveal(entry: Entry): Promise<void> {
    await vscode.commands.executeCommand("treewright.review.focus");
    await this.view.reveal(this.node({ kind: "proposal", entry }), { select: true, focus: true, expand: 2 });
  }

  /** The same object for the same thing, which is how the view keeps what is expanded. */
  private node(node: Node): Node {
    const key = keyOf(node);
    const known = this.nodes.get(key);
    if (known && known.entry === node.entry) return known;
    this.nodes.set(key, node);
    return node;
  }

  getParent(node: Node): Node | undefined {
    const { entry } = node;
    switch (node.kind) {
      case "proposal":
        return undefined;
      case "check":
        return this.node({ kind: "checks", entry });
      case "note":
        return this.node({ kind: "notes", entry });
      case "hunk":
        return this.node({ kind: "file", entry, file: node.file });
      default:
        return this.node({ kind: "proposal", entry });
    }
  }

  getChildren(node?: Node): Node[] {
    if (!node) {
      const entries = this.proposals.all();
      if (entries.length === 0) this.nodes.clear();
      return entries.map((entry) => this.node({ kind: "proposal", entry }));
    }
    const { entry } = node;
    switch (node.kind) {
      case "proposal":
        return [
          ...entry.proposal.changes
            .filter((file) => entry.pending(file.uri).length)
            .map((file) => this.node({ kind: "file", entry, file })),
          ...(entry.proposal.notes.length ? [this.node({ kind: "notes", entry })] : []),
          ...(entry.proposal.report.checks.length ? [this.node({ kind: "checks", entry })] : []),
        ];
      case "checks":
        return entry.proposal.report.checks.map((check) => this.node({ kind: "check", entry, check }));
      case "notes":
        return entry.proposal.notes.map((_, index) => this.node({ kind: "note", entry, index }));
      case "file":
        return entry.pending(node.file.uri).map((hunk) => this.node({ kind: "hunk", entry, file: node.file, hunk }));
      default:
        return [];
    }
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const item = this.itemOf(node);
    item.id = keyOf(node);
    return item;
  }

  private itemOf(node: Node): vscode.TreeItem {
    const { entry } = node;
    const { proposal } = entry;
    switch (node.kind) {
      case "proposal": {
        const stale = entry.stale;
        const item = new vscode.TreeItem(proposal.title, Expanded);
        const ticked = entry.pending().filter((hunk) => entry.selection.isTicked(hunk.id)).length;
        item.description = stale.length
          ? "out of date"
          : `${ticked} of ${plural(entry.pending().length, "hunk")} ticked`;
        item.contextValue = stale.length ? "proposal-stale" : "proposal";
        item.iconPath = stale.length
          ? new vscode.ThemeIcon("warning", new vscode.ThemeColor("list.warningForeground"))
          : new vscode.ThemeIcon("git-pull-request-draft");
        item.tooltip = [
          proposal.title,
          proposal.reason,
          `Decided by ${rungText(proposal.rung)}.`,
          ...(stale.length ? [`Changed since: ${stale.join(", ")}`] : []),
        ]
          .filter(Boolean)
          .join("\n");
        item.accessibilityInformation = { label: `Proposal ${proposal.title}, ${item.description}` };
        return item;
      }
      case "file": {
        const { file } = node;
        const name = file.path.split("/").pop() ?? file.path;
        const hunks = entry.pending(file.uri);
        const item = new vscode.TreeItem(
          name,
          hunks.length > 0 && proposal.changes.length <= 12 ? Expanded : Collapsed,
        );
        const folder = file.path.slice(0, -name.length - 1);
        const verb = { edit: "", create: "new file", rename: `→ ${file.newPath ?? ""}`, delete: "deleted" }[file.kind];
        item.description = [folder, verb].filter(Boolean).join(" · ");
        item.resourceUri = vscode.Uri.parse(file.uri);
        item.iconPath = vscode.ThemeIcon.File;
        item.contextValue = `file-${file.kind}`;
        item.checkboxState = {
          state: hunks.some((hunk) => entry.selection.isTicked(hunk.id)) ? Checked : Unchecked,
          tooltip: `Apply the changes of ${file.path}`,
          accessibilityInformation: { label: `Apply the changes of ${file.path}`, role: "checkbox" },
        };
        item.tooltip = file.path;
        item.command = { command: "treewright.ui.review.open", title: "Open Changes", arguments: [node] };
        return item;
      }
      case "hunk": {
        const { hunk, file } = node;
        const item = new vscode.TreeItem(labelOf(hunk, file), None);
        const { added, removed } = size(hunk);
        const line = entry.isLost(hunk.id)
          ? "changed since"
          : isWholeFile(hunk, file)
            ? ""
            : `line ${hunk.range.start.line + 1}`;
        item.description = [line, `+${added} −${removed}`, hunk.needsConfirmation ? hunk.note : ""]
          .filter(Boolean)
          .join(" · ");
        item.contextValue = `hunk-${file.kind}`;
        item.iconPath = entry.isLost(hunk.id)
          ? new vscode.ThemeIcon("circle-slash", new vscode.ThemeColor("list.warningForeground"))
          : hunk.needsConfirmation
            ? new vscode.ThemeIcon("warning", new vscode.ThemeColor("list.warningForeground"))
            : new vscode.ThemeIcon(
                hunk.oldText === "" ? "diff-added" : hunk.newText === "" ? "diff-removed" : "diff-modified",
              );
        const label = `Apply ${item.description}, ${labelOf(hunk, file)}`;
        item.checkboxState = {
          state: entry.selection.isTicked(hunk.id) ? Checked : Unchecked,
          tooltip: "Apply this hunk",
          accessibilityInformation: { label, role: "checkbox" },
        };
        item.tooltip = tooltipOf(hunk, file);
        item.command = { command: "treewright.ui.review.open", title: "Open Changes", arguments: [node] };
        return item;
      }
      case "checks": {
        const failed = proposal.report.checks.filter((check) => check.status === "failed").length;
        const item = new vscode.TreeItem("Verification", Collapsed);
        item.description = failed
          ? `${failed} failed`
          : proposal.report.checks
              .filter((check) => check.status === "ok")
              .map((check) => check.name)
              .join(", ");
        item.iconPath = failed
          ? new vscode.ThemeIcon("error", new vscode.ThemeColor("list.errorForeground"))
          : new vscode.ThemeIcon("verified", new vscode.ThemeColor("testing.iconPassed"));
        item.contextValue = "checks";
        return item;
      }
      case "check": {
        const item = new vscode.TreeItem(node.check.name, None);
        item.description = `${node.check.detail} (${duration(node.check.seconds)})`;
        item.tooltip = node.check.detail;
        const icon = { ok: "pass", failed: "error", skipped: "debug-step-over" }[node.check.status];
        const color = { ok: "testing.iconPassed", failed: "list.errorForeground", skipped: "testing.iconSkipped" }[
          node.check.status
        ];
        item.iconPath = new vscode.ThemeIcon(icon, new vscode.ThemeColor(color));
        item.accessibilityInformation = { label: `${node.check.name}: ${node.check.status}. ${node.check.detail}` };
        return item;
      }
      case "notes": {
        const item = new vscode.TreeItem("Left Alone, Worth a Look", Collapsed);
        item.description = plural(proposal.notes.length, "place");
        item.iconPath = new vscode.ThemeIcon("info");
        return item;
      }
      case "note": {
        const note = proposal.notes[node.index];
        const item = new vscode.TreeItem(note?.text ?? "", None);
        if (note) {
          item.description = `${note.place.path}:${note.place.range.start.line + 1}`;
          item.command = { command: "treewright.ui.openPlace", title: "Open", arguments: [note.place] };
        }
        return item;
      }
    }
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }
}

function keyOf(node: Node): string {
  switch (node.kind) {
    case "file":
      return `${node.entry.id} file ${node.file.uri}`;
    case "hunk":
      return `${node.entry.id} hunk ${node.hunk.id}`;
    case "check":
      return `${node.entry.id} check ${node.check.name}`;
    case "note":
      return `${node.entry.id} note ${node.index}`;
    default:
      return `${node.entry.id} ${node.kind}`;
  }
}

/** The pending hunks that a node stands for. */
export function idsOf(node: Node): string[] {
  if (node.kind === "hunk") return [node.hunk.id];
  if (node.kind === "file") return node.entry.pending(node.file.uri).map((hunk) => hunk.id);
  return node.entry.pending().map((hunk) => hunk.id);
}

/** The first line that tells what a hunk does. */
export function labelOf(hunk: Hunk, file: ProposedFile): string {
  if (isWholeFile(hunk, file))
    return (
      hunk.label ||
      { edit: "Edit", create: "Create the file", rename: "Rename the file", delete: "Delete the file" }[file.kind]
    );
  const line = (text: string): string =>
    text
      .split(/\r?\n/)
      .map((each) => each.trim())
      .find((each) => each) ?? "";
  const [before, after] = [line(hunk.oldText), line(hunk.newText)];
  const shown = before && after ? `${clip(before, 40)} → ${clip(after, 40)}` : clip(after || before, 80);
  return shown || hunk.label || "blank lines";
}

function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function tooltipOf(hunk: Hunk, file: ProposedFile): vscode.MarkdownString {
  const tip = new vscode.MarkdownString(); // neither trusted nor HTML
  tip.appendText([hunk.label, hunk.note].filter(Boolean).join(": "));
  const diff = [...lines("-", hunk.oldText), ...lines("+", hunk.newText)].slice(0, 40).join("\n");
  tip.appendCodeblock(diff || "(empty)", "diff");
  if (isWholeFile(hunk, file)) tip.appendText(file.path);
  return tip;
}

function lines(mark: string, text: string): string[] {
  return text
    ? text
        .replace(/\r?\n$/, "")
        .split(/\r?\n/)
        .map((line) => `${mark} ${line}`)
    : [];
}
