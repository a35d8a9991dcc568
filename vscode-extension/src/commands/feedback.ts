/** Commands about what was recorded: the report, and training files. */

import * as vscode from "vscode";
import { FeedbackReport } from "../feedback/report";
import { run } from "../server/python";
import { message } from "../server/server";
import type { Handlers, Parts } from "./parts";
import { trusted, withProgress } from "./subject";

export function feedback(parts: Parts): Handlers {
  const report = new FeedbackReport();
  return {
    exportFeedback: () => exportFeedback(parts),
    feedbackReport: async () => {
      const answer = await withProgress("Reading what became of proposals", (token) =>
        parts.server.execute<{ html: string }>("treewright.feedback.report", undefined, token),
      );
      report.show(answer.html);
    },
  };
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
  const root = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog({
    ...(root && { defaultUri: vscode.Uri.joinPath(root, `feedback-${format.label}.jsonl`) }),
    filters: { "JSON Lines": ["jsonl"] },
    saveLabel: "Export",
    title: "Export Feedback",
  });
  if (!target) return;
  const folder = root?.fsPath;
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
  try {
    await withProgress("Exporting feedback", () => run(python, folder ? [...args, "--workspace", folder] : args));
  } catch (error) {
    // The command says how many rows there are, and fails when a trainer would get nothing.
    if (!/\b0 rows\b/.test(message(error))) throw error;
    void vscode.window.showInformationMessage(
      `There is nothing to export as ${format.label} yet: accept or reject a few proposals first.`,
    );
    return;
  }
  const open = await vscode.window.showInformationMessage(`Feedback was written to ${target.fsPath}.`, "Open");
  if (open) await vscode.window.showTextDocument(target);
}
