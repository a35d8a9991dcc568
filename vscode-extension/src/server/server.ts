/**
 * The language server of this window: found, started, watched, started again.
 *
 * **Invariant.** At most one start is under way; a newer wish makes the older one stop. Nothing
 * that the workspace holds is run while it is not trusted.
 */

import * as os from "node:os";
import * as path from "node:path";
import * as readline from "node:readline";
import type { Readable } from "node:stream";
import * as vscode from "vscode";
import type { LanguageClient, ProgressToken, ProgressType } from "vscode-languageclient/node";
import type { ChatPart, SearchPart, Status } from "../protocol";
import { CrashPolicy } from "./backoff";
import { choose, describe, type Choice, type Surroundings } from "./discover";
import { askForServer, forgetInterpreter, installServer } from "./install";
import { levelOf } from "./lines";
import { cleanEnvironment, machine } from "./python";
import { PythonExtension } from "./python-extension";
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
  private readonly pythonExtension: PythonExtension;

  constructor(
    private readonly context: vscode.ExtensionContext,
    readonly log: vscode.LogOutputChannel,
  ) {
    this.pythonExtension = new PythonExtension(() => void this.follow());
    this.disposables.push(
      this.changed,
      this.pythonExtension,
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
    this.tellChoice();
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
        stdioOptions: {
          stdout: (input) => this.followLines(input),
          stderr: (input) => this.followLines(input),
        },
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
    const status = await client.sendRequest<Status>("treewright/status", { notify: true }).catch(() => undefined);
    // What was told while the answer was under way is newer than the answer.
    if (this.client === client) this.status ??= status;
    this.changed.fire();
  }

  /** What the server writes besides the protocol. */
  private followLines(input: Readable): void {
    readline
      .createInterface({ input, crlfDelay: Infinity, terminal: false })
      .on("line", (line) => this.log[levelOf(line, this.isRunning)](line));
  }

  /** Once for each choice in this workspace: people want to know what runs, and not every day. */
  private tellChoice(): void {
    const { workspaceState } = this.context;
    if (workspaceState.get("treewright.told") === this.detail) return;
    void workspaceState.update("treewright.told", this.detail);
    vscode.window.setStatusBarMessage(`$(server) Treewright uses ${this.detail}`, 10_000);
  }

  /** The Python extension has chosen: its choice counts as long as the settings name none. */
  private async follow(): Promise<void> {
    const { interpreter, trusted, selected } = this.surroundings();
    const command = vscode.workspace.getConfiguration("treewright.server").get<string[]>("command", []);
    if (command.some((word) => word) || interpreter.trim() || !trusted || !selected) return;
    if (selected === this.choice?.candidate?.python || !(await machine.probe(selected)).ok) return;
    await this.restart(`the Python extension has chosen ${selected}`);
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
      selected: vscode.workspace.isTrusted ? this.pythonExtension.selected(folders[0]?.uri) : undefined,
      environment: process.env,
    };
  }

  private async offerInstallation(): Promise<void> {
    if (this.offered || !vscode.workspace.isTrusted) return;
    this.offered = true;
    const setting = vscode.workspace.getConfiguration("treewright.server").get<string>("interpreter", "").trim();
    const answer = await askForServer(setting, this.detail);
    this.offered = false;
    if (answer === "install") await this.install();
    else if (answer === "choose") await vscode.commands.executeCommand("treewright.ui.selectInterpreter");
    else if (answer === "log") this.log.show();
  }

  /** Make the extension's own environment and install the server there. Asked for by the user. */
  async install(): Promise<void> {
    if (!(await installServer(this.managed, this.log))) return;
    await this.restart("it was installed");
    const named = this.surroundings().interpreter.trim();
    if (!named) return;
    const use = "Use the Installed One";
    const said = `The server is installed, but the setting treewright.server.interpreter names ${named}.`;
    if ((await vscode.window.showInformationMessage(said, use)) === use) await forgetInterpreter();
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
