/** The extension's own environment: offered when no Python has the server, made when the user says so. */

import * as vscode from "vscode";
import { OLDEST_PYTHON, pythonOf } from "./discover";
import { machine, run } from "./python";

/** What the user wants to do about a server that is not there. `setting`: the Python they named. */
export async function askForServer(setting: string, detail: string): Promise<"install" | "choose" | "log" | undefined> {
  const said = setting
    ? `Treewright cannot start: ${detail}.`
    : "Treewright needs a Python that has the treewright package, and found none.";
  const answers = new Map<string, "install" | "choose" | "log">([
    ...(setting ? [] : [["Install It for Me", "install"] as const]),
    ["Choose Python…", "choose"],
    ["Show Log", "log"],
  ]);
  const answer = await vscode.window.showWarningMessage(said, ...answers.keys());
  return answer === undefined ? undefined : answers.get(answer);
}

/** Make the environment in `folder` anew and install the server there. False when it was not. */
export async function installServer(folder: string, log: vscode.LogOutputChannel): Promise<boolean> {
  const base = await basePython();
  if (!base) {
    void vscode.window.showErrorMessage(
      `Treewright needs Python ${OLDEST_PYTHON.join(".")} or newer, and none was found on the search path. Install one, or name it in the setting treewright.server.interpreter.`,
    );
    return false;
  }
  const wanted = vscode.workspace.getConfiguration("treewright.server").get<string>("installFrom", "treewright");
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: "Installing the treewright server", cancellable: true },
    async (progress, token) => {
      const abort = new AbortController();
      token.onCancellationRequested(() => abort.abort());
      const onLine = (line: string): void => {
        log.info(`install: ${line}`);
        progress.report({ message: line.slice(0, 80) });
      };
      const options = { onLine, signal: abort.signal };
      try {
        await run(base, ["-m", "venv", "--clear", folder], options);
        const python = pythonOf(folder, process.platform);
        await run(python, ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", wanted], options);
        return true;
      } catch (error) {
        if (!token.isCancellationRequested) void complain(error instanceof Error ? error.message : String(error), log);
        return false;
      }
    },
  );
}

/** Take the interpreter out of the settings, wherever it stands there. */
export async function forgetInterpreter(): Promise<void> {
  const settings = vscode.workspace.getConfiguration("treewright.server");
  const found = settings.inspect<string>("interpreter");
  if (found?.workspaceValue) await settings.update("interpreter", undefined, vscode.ConfigurationTarget.Workspace);
  if (found?.globalValue) await settings.update("interpreter", undefined, vscode.ConfigurationTarget.Global);
}

async function complain(reason: string, log: vscode.LogOutputChannel): Promise<void> {
  log.error(`install: ${reason}`);
  const answer = await vscode.window.showErrorMessage(`The server was not installed: ${reason}`, "Show Log");
  if (answer) log.show();
}

/** A Python that is new enough, whatever is installed in it. */
async function basePython(): Promise<string | undefined> {
  const names =
    process.platform === "win32" ? ["py", "python"] : ["python3", "python3.13", "python3.12", "python3.11", "python"];
  for (const name of names) {
    const found = await machine.probe(name);
    if (found.python && !found.reason.includes("is needed")) return name;
  }
  return undefined;
}
