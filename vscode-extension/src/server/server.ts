/**
 * The language server of this window: found, started, watched, started again.
 *
 * **Invariant.** At most one start is under way; a newer wish makes the older one stop. Nothing
 * that the workspace holds is run while it is not trusted.
 */

import * as os from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import type { LanguageClient, ProgressToken, ProgressType } from "vscode-languageclient/node";
import type { ChatPart, SearchPart, Status } from "../protocol";
import { CrashPolicy } from "./backoff";
import { choose, describe, pythonOf, type Choice, type Surroundings } from "./discover";
import { cleanEnvironment, machine, run } from "./python";
import { RESTART_SETTINGS, forServer } from "./settings";

export type State = "stopped" | "looking" | "starting" | "running" | "waiting" | "missing" | "failed";

export class NotRunningError extends Error {
  constructor() {
    super("the treewright server is not running");
  }
}

const KEY = "treewright.modelKey";

/** No module of the folder it runs in may stand in for one of the server's own. */
const SAFE = ["-P", "-X", "utf8"];

export class Server implements vscode.Disposable {
  state: State = "stopped";
  /** For people: what was chosen, or why there is none. */
  detail = "";
  choice: Choice | undefined;
  status: Status | undefined;
  client: LanguageClient | undefined;

  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  private readonly policy = new CrashPolicy();
  private readonly disposables: vscode.Disposable[] = [];
  private attempt = 0;
  private retry: NodeJS.Timeout | undefined;
  private settingsTimer: NodeJS.Timeout | undefined;
  private offered = false;

  constructor(
    private readonly context: vscode.ExtensionContext,
    readonly log: vscode.LogOutputChannel,
  ) {
    this.disposables.push(
      this.changed,
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (!RESTART_SETTINGS.some((key) => event.affectsConfiguration(key))) return;
        // A setting typed letter by letter starts the server once.
        clearTimeout(this.settingsTimer);
        this.settingsTimer = setTimeout(() => void this.restart("the settings have changed"), 400);
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.restart("the workspace is trusted now")),
    );
  }

  get isRunning(): boolean {
    return this.state === "running";
  }

  /** Raises NotRunningError, and what the server answers. */
  request<R>(method: string, params: unknown, token?: vscode.CancellationToken): Promise<R> {
    if (!this.client || !this.isRunning) return Promise.reject(new NotRunningError());
    // An undefined token would be taken for a second parameter.
    return token ? this.client.sendRequest<R>(method, params, token) : this.client.sendRequest<R>(method, params);
  }

  /** A server command, by its own name. */
  execute<R>(command: string, argument?: unknown, token?: vscode.CancellationToken): Promise<R> {
    const params = { command, arguments: argument === undefined ? [] : [argument] };
    return this.request<R>("workspace/executeCommand", params, token);
  }

  onPart(token: ProgressToken, take: (part: ChatPart) => void): vscode.Disposable {
    if (!this.client) throw new NotRunningError();
    // A ProgressType carries nothing at run time but its type.
    return this.client.onProgress({} as ProgressType<ChatPart>, token, take);
  }

  onSearchPart(token: ProgressToken, take: (part: SearchPart) => void): vscode.Disposable {
    if (!this.client) throw new NotRunningError();
    return this.client.onProgress({} as ProgressType<SearchPart>, token, take);
  }

  async restart(why: string): Promise<void> {
    this.log.info(`starting the server: ${why}`);
    this.policy.forget();
    await this.start();
  }

  async start(): Promise<void> {
    const attempt = ++this.attempt;
    clearTimeout(this.retry);
    await this.stopClient();
    if (attempt !== this.attempt) return;
    this.status = undefined;
    this.set("looking", "looking for a Python with treewright");
    const settings = vscode.workspace.getConfiguration("treewright.server");
    const given = settings.get<string[]>("command", []).filter((word) => word);
    let command: string[];
    if (given.length > 0) {
      command = given;
      this.choice = undefined;
      this.detail = `the command of the setting treewright.server.command (${given[0]})`;
    } else {
      const choice = await choose(this.surroundings(), machine);
      if (attempt !== this.attempt) return;
      this.choice = choice;
      for (const { candidate, reason } of choice.rejected) this.log.info(`not ${candidate.python}: ${reason}`);
      if (!choice.candidate) {
        this.set("missing", describe(choice));
        void this.offerInstallation();
        return;
      }
      this.detail = describe(choice);
      command = [choice.candidate.python, ...SAFE, "-m", "treewright_server", "serve", "--stdio"];
    }
    this.log.info(`using ${this.detail}`);
    this.set("starting", this.detail);
    try {
      await this.startClient(command, attempt);
    } catch (error) {
      if (attempt !== this.attempt) return;
      this.log.error(`the server did not start: ${message(error)}`);
      this.crashed();
    }
  }

  private async startClient(command: string[], attempt: number): Promise<void> {
    const {
      CloseAction,
      ErrorAction,
      LanguageClient,
      RevealOutputChannelOn,
      State: ClientState,
    } = await import("vscode-languageclient/node");
    if (attempt !== this.attempt) return;
    const [program = "", ...args] = command;
    const settings = vscode.workspace.getConfiguration("treewright.server");
    const key = await this.context.secrets.get(KEY);
    const env = cleanEnvironment(process.env, {
      ...settings.get<Record<string, string>>("environment", {}),
      ...(key ? { OPENAI_API_KEY: key } : {}),
    });
    const folder = vscode.workspace.workspaceFolders?.find((each) => each.uri.scheme === "file");
    const client = new LanguageClient(
      "treewright",
      "Treewright",
      { command: program, args, options: { env, ...(folder ? { cwd: folder.uri.fsPath } : {}) } },
      {
        documentSelector: [{ scheme: "file" }, { scheme: "untitled" }],
        outputChannel: this.log,
        // A hover or a hint that fails is a line in the log; what the user asked for says so itself.
        revealOutputChannelOn: RevealOutputChannelOn.Never,
        initializationOptions: vscode.workspace.isTrusted ? {} : { agent: { trusted: false } },
        middleware: {
          workspace: {
            configuration: async (params, token, next) => {
              const answer = await next(params, token);
              if (!Array.isArray(answer)) return answer;
              const sections: unknown[] = answer;
              return sections.map((each, i) => (params.items[i]?.section === "treewright" ? forServer(each) : each));
            },
          },
        },
        errorHandler: {
          error: () => ({ action: ErrorAction.Continue }),
          closed: () => {
            if (attempt === this.attempt && this.state !== "stopped") this.crashed();
            return { action: CloseAction.DoNotRestart, handled: true };
          },
        },
        initializationFailedHandler: (error) => {
          this.log.error(`initialize failed: ${message(error)}`);
          return false;
        },
      },
    );
    this.client = client;
    client.onDidChangeState(({ newState }) => {
      if (this.client === client && newState === ClientState.Running) this.set("running", this.detail);
    });
    client.onNotification("treewright/status", (status: Status) => {
      if (this.client !== client) return;
      this.status = status;
      this.changed.fire();
    });
    await client.start();
    if (attempt !== this.attempt) {
      await stopQuietly(client);
      return;
    }
    this.status = await client.sendRequest<Status>("treewright/status", { notify: true }).catch(() => undefined);
    this.changed.fire();
  }

  /** The server ended by itself, or could not start. */
  private crashed(): void {
    const client = this.client;
    this.client = undefined;
    if (client) void stopQuietly(client);
    this.status = undefined;
    const delay = this.policy.crashed();
    if (delay === undefined) {
      this.set("failed", "the server ended too often");
      void vscode.window
        .showErrorMessage(
          "The treewright server ended several times in a row and is not started again.",
          "Restart",
          "Show Log",
        )
        .then((choice) => {
          if (choice === "Restart") void this.restart("the user asked for it");
          else if (choice === "Show Log") this.log.show();
        });
      return;
    }
    this.log.warn(`the server ended; starting it again in ${delay / 1000} s`);
    this.set("waiting", `the server ended; it starts again in ${delay / 1000} s`);
    this.retry = setTimeout(() => void this.start(), delay);
  }

  private async stopClient(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.state = "stopped";
    if (client) await stopQuietly(client);
  }

  async stop(): Promise<void> {
    this.attempt++;
    clearTimeout(this.retry);
    clearTimeout(this.settingsTimer);
    await this.stopClient();
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }

  private set(state: State, detail: string): void {
    this.state = state;
    this.detail = detail;
    void vscode.commands.executeCommand("setContext", "treewright.running", state === "running");
    this.changed.fire();
  }

  // ---------------------------------------------------------------- finding and installing

  private get managed(): string {
    return path.join(this.context.globalStorageUri.fsPath, "server");
  }

  private surroundings(): Surroundings {
    const folders = vscode.workspace.workspaceFolders ?? [];
    return {
      interpreter: vscode.workspace.getConfiguration("treewright.server").get<string>("interpreter", ""),
      workspaceFolders: folders.filter((f) => f.uri.scheme === "file").map((f) => f.uri.fsPath),
      trusted: vscode.workspace.isTrusted,
      home: os.homedir(),
      platform: process.platform,
      managed: this.managed,
      selected: vscode.workspace.isTrusted ? selectedPython(folders[0]?.uri) : undefined,
      environment: process.env,
    };
  }

  private async offerInstallation(): Promise<void> {
    if (this.offered) return;
    this.offered = true;
    if (!vscode.workspace.isTrusted) return;
    const setting = vscode.workspace.getConfiguration("treewright.server").get<string>("interpreter", "").trim();
    const said = setting
      ? `Treewright cannot start: ${this.detail}.`
      : "Treewright needs a Python that has the treewright package, and found none.";
    const install = "Install It for Me";
    const answer = await vscode.window.showWarningMessage(
      said,
      ...(setting ? [] : [install]),
      "Choose Python…",
      "Show Log",
    );
    this.offered = false;
    if (answer === install) await this.install();
    else if (answer === "Choose Python…") await vscode.commands.executeCommand("treewright.ui.selectInterpreter");
    else if (answer === "Show Log") this.log.show();
  }

  /** Make the extension's own environment and install the server there. Asked for by the user. */
  async install(): Promise<void> {
    const base = await this.basePython();
    if (!base) {
      void vscode.window.showErrorMessage(
        "Treewright needs Python 3.11 or newer, and none was found on the search path. Install one, or name it in the setting treewright.server.interpreter.",
      );
      return;
    }
    const wanted = vscode.workspace.getConfiguration("treewright.server").get<string>("installFrom", "treewright");
    const done = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: "Installing the treewright server", cancellable: true },
      async (progress, token) => {
        const abort = new AbortController();
        token.onCancellationRequested(() => abort.abort());
        const onLine = (line: string): void => {
          this.log.info(`install: ${line}`);
          progress.report({ message: line.slice(0, 80) });
        };
        const options = { onLine, signal: abort.signal };
        try {
          await run(base, ["-m", "venv", "--clear", this.managed], options);
          const python = pythonOf(this.managed, process.platform);
          await run(python, ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", wanted], options);
          return true;
        } catch (error) {
          if (!token.isCancellationRequested) {
            this.log.error(`install: ${message(error)}`);
            const answer = await vscode.window.showErrorMessage(
              `The server was not installed: ${message(error)}`,
              "Show Log",
            );
            if (answer) this.log.show();
          }
          return false;
        }
      },
    );
    if (done) await this.restart("it was installed");
  }

  /** A Python that is new enough, whatever is installed in it. */
  private async basePython(): Promise<string | undefined> {
    const names =
      process.platform === "win32" ? ["py", "python"] : ["python3", "python3.13", "python3.12", "python3.11", "python"];
    for (const name of names) {
      const found = await machine.probe(name);
      if (found.python && !found.reason.includes("is needed")) return name;
    }
    return undefined;
  }

  async setKey(key: string | undefined): Promise<void> {
    if (key) await this.context.secrets.store(KEY, key);
    else await this.context.secrets.delete(KEY);
    await this.restart("the model key was changed");
  }
}

export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `stop` throws when the start failed. */
async function stopQuietly(client: LanguageClient): Promise<void> {
  try {
    await client.stop(2000);
  } catch {
    // it had ended already
  }
  try {
    await client.dispose(500);
  } catch {
    // likewise
  }
}

interface PythonExtension {
  environments?: { getActiveEnvironmentPath?(uri?: vscode.Uri): { path?: string } | undefined };
}

/** What the Python extension has selected, if it is there and awake; it is never woken for this. */
function selectedPython(uri: vscode.Uri | undefined): string | undefined {
  const extension = vscode.extensions.getExtension<PythonExtension>("ms-python.python");
  if (!extension?.isActive) return undefined;
  const found = extension.exports.environments?.getActiveEnvironmentPath?.(uri)?.path;
  return found && /[/\\]/.test(found) ? found : undefined;
}
