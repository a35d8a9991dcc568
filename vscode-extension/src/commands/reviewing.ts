/** Commands that show proposals and decide on them. */

import * as vscode from "vscode";
import type { Offered } from "../protocol";
import { openAll, openDiff, reportUri } from "../review/documents";
import type { Entry } from "../review/entry";
import { plural } from "../review/report";
import { idsOf, type Node, type ReviewTree } from "../review/tree";
import type { Handlers, Parts } from "./parts";

export function reviewing(parts: Parts): Handlers {
  const { server, proposals, tree, inline } = parts;
  const review = async (id: unknown): Promise<void> => {
    if (typeof id === "string") await present(parts, await proposals.fetch(id));
  };
  return {
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
  };
}

/** Show a proposal where it is reviewed best. */
export async function present({ inline, tree }: Parts, entry: Entry): Promise<void> {
  const where = vscode.workspace.getConfiguration("treewright.review").get<"auto" | "editor" | "tree">("where", "auto");
  const [file] = entry.proposal.changes;
  const simple = entry.proposal.changes.length === 1 && file?.kind === "edit";
  if (file?.kind === "edit" && (where === "editor" || (where === "auto" && simple))) await inline.show(entry);
  else await tree.reveal(entry);
}

export async function offer(parts: Parts, answer: Offered): Promise<void> {
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
