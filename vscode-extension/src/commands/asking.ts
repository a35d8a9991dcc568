/** Commands that ask: the chat, and what goes along with a message. */

import * as vscode from "vscode";
import { fileChip, selectionChip } from "../chat/chips";
import type { Chip } from "../messages";
import type { Handlers, Parts, Target } from "./parts";
import { editorOrSay, subject, trusted } from "./subject";

export function asking({ chat }: Parts): Handlers {
  return {
    ask: () => {
      const editor = vscode.window.activeTextEditor;
      return chat.ask({
        text: "",
        mode: "ask",
        send: false,
        ...(editor && !editor.selection.isEmpty ? { chips: [selectionChip(editor)] } : {}),
      });
    },
    askSymbol: (given) => {
      const target = given as Target;
      return chat.ask({ text: "", mode: "ask", send: false, chips: [symbolChip(target)] });
    },
    explain: () => {
      const { chips, what } = subject();
      return chat.ask({ text: `Explain ${what}`, mode: "ask", chips, send: true });
    },
    writeTests: () => {
      trusted();
      const { chips, what } = subject();
      return chat.ask({ text: `Write tests for ${what}`, mode: "task", chips, send: true });
    },
    refactor: async () => {
      trusted();
      const text = await vscode.window.showInputBox({
        title: "Refactor the Workspace",
        prompt: "What should change? Every change is put up for review; nothing is written before you accept it.",
        placeHolder: "e.g. rename Session.fetch to Session.load and keep the old name as an alias",
        ignoreFocusOut: true,
      });
      if (text?.trim()) await chat.ask({ text, mode: "task", send: true });
    },
    runTask: async () => {
      trusted();
      const text = await vscode.window.showInputBox({
        title: "Run a Task",
        prompt:
          "Say what should be done. The plan and each step are shown in the chat; the result is put up for review.",
        ignoreFocusOut: true,
      });
      if (text?.trim()) await chat.ask({ text, mode: "task", send: true });
    },
    "chat.new": () => chat.new(),
    "chat.history": () => chat.sendHistory(),
    "chat.stop": () => chat.stop(),
    "chat.clearHistory": () => chat.clearHistory(),
    "chat.addSelection": async () => {
      const editor = editorOrSay();
      if (!editor) return;
      chat.addChip(editor.selection.isEmpty ? fileChip(editor.document.uri) : selectionChip(editor));
      await vscode.commands.executeCommand("treewright.chat.focus");
    },
    "chat.addFile": async (uri) => {
      if (uri instanceof vscode.Uri) chat.addChip(fileChip(uri));
      await vscode.commands.executeCommand("treewright.chat.focus");
    },
  };
}

function symbolChip({ uri, name, range }: Target): Chip {
  const detail = `${name} in ${vscode.workspace.asRelativePath(vscode.Uri.parse(uri))}`;
  return {
    id: `symbol ${uri} ${name} ${range.start.line}`,
    label: name,
    detail,
    item: { kind: "symbol", uri, range, name },
    automatic: false,
  };
}
