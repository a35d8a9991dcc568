/** Commands about the server itself, its index, its model and its log. */

import * as vscode from "vscode";
import { plural } from "../review/report";
import { modelText } from "../status-text";
import type { Handlers, Parts } from "./parts";
import { trusted } from "./subject";

export function serving(parts: Parts): Handlers {
  const { server, log } = parts;
  return {
    indexStatus: () => indexStatus(parts),
    rebuildIndex: () => server.execute("treewright.index.rebuild"),
    restart: () => server.restart("the user asked for it"),
    showLog: () => log.show(),
    selectInterpreter: () => selectInterpreter(),
    installServer: () => {
      trusted();
      return server.install();
    },
    setModelKey: async () => {
      const key = await vscode.window.showInputBox({
        title: "API Key of the Model",
        prompt:
          "Kept in the secret store of your system and given to the server as OPENAI_API_KEY. Leave it empty to forget it.",
        password: true,
        ignoreFocusOut: true,
      });
      if (key !== undefined) await server.setKey(key.trim() || undefined);
    },
    welcome: () =>
      vscode.commands.executeCommand(
        "workbench.action.openWalkthrough",
        "treewright.treewright#treewright.start",
        false,
      ),
  };
}

async function indexStatus(parts: Parts): Promise<void> {
  const { server } = parts;
  const { status } = server;
  type Item = vscode.QuickPickItem & { command?: string };
  const items: Item[] = [];
  const separator = (label: string): Item => ({ label, kind: vscode.QuickPickItemKind.Separator });
  if (status) {
    items.push(separator("Index"));
    for (const folder of status.folders) {
      const counts = `${plural(folder.files, "file")}, ${plural(folder.symbols, "symbol")}, ${plural(folder.references, "reference")}${folder.skipped ? `, ${folder.skipped} skipped` : ""}`;
      items.push({
        label: `$(${folder.ready ? "check" : "sync~spin"}) ${folder.name}`,
        description: folder.ready ? counts : `${folder.pending} to read, ${counts}`,
      });
    }
    items.push(separator("Model"), {
      label: `$(${{ none: "circle-slash", ready: "sparkle", failing: "warning" }[status.model.state]}) ${modelText(status)}`,
    });
  }
  items.push(
    separator("Server"),
    {
      label: `$(server) ${server.isRunning ? `treewright ${status?.version ?? ""}`.trim() : server.state}`,
      description: server.detail,
    },
    { label: "$(debug-restart) Restart the Server", command: "restart" },
    { label: "$(output) Show the Log", command: "showLog" },
    { label: "$(symbol-misc) Choose the Server's Python…", command: "selectInterpreter" },
  );
  if (server.isRunning) items.push({ label: "$(refresh) Rebuild the Index", command: "rebuildIndex" });
  if (parts.proposals.all().length)
    items.push({ label: `$(checklist) Review ${plural(parts.proposals.all().length, "proposal")}`, command: "review" });
  const chosen = await vscode.window.showQuickPick(items, {
    title: "Treewright",
    placeHolder: "Index, model and server",
  });
  if (chosen?.command) await vscode.commands.executeCommand(`treewright.ui.${chosen.command}`);
}

async function selectInterpreter(): Promise<void> {
  const settings = vscode.workspace.getConfiguration("treewright.server");
  const current = settings.get<string>("interpreter", "");
  type Item = vscode.QuickPickItem & { act: () => Thenable<unknown> };
  const target = vscode.workspace.workspaceFolders
    ? vscode.ConfigurationTarget.Workspace
    : vscode.ConfigurationTarget.Global;
  const set = (value: string | undefined): Thenable<void> => settings.update("interpreter", value, target);
  const items: Item[] = [
    {
      label: "$(folder-opened) Browse…",
      description: "a Python that has the treewright package",
      act: async () => {
        const chosen = await vscode.window.showOpenDialog({ canSelectMany: false, openLabel: "Use This Python" });
        if (chosen?.[0]) await set(chosen[0].fsPath);
      },
    },
    {
      label: "$(edit) Type a path…",
      act: async () => {
        const value = await vscode.window.showInputBox({
          value: current,
          prompt: "Path of a Python, or its name on the search path",
        });
        if (value !== undefined) await set(value.trim() || undefined);
      },
    },
    {
      label: "$(cloud-download) Install the server",
      description: "into an environment of this extension",
      act: () => vscode.commands.executeCommand("treewright.ui.installServer"),
    },
    ...(current
      ? [{ label: "$(discard) Find one by itself", description: `instead of ${current}`, act: () => set(undefined) }]
      : []),
  ];
  const chosen = await vscode.window.showQuickPick(items, {
    title: "The Server's Python",
    placeHolder: current || "found by itself",
  });
  await chosen?.act();
}
