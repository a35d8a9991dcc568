// A real VS Code (code-server) in headless Chromium with the packaged extension installed.
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const here = path.dirname(fileURLToPath(import.meta.url));
export const root = path.resolve(here, "../../..");
export const extension = path.join(root, "vscode-extension");
const require = createRequire(path.join(extension, "package.json"));
export const { chromium } = require("playwright-core");
const axeSource = () => fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const codeServer = process.env.CODE_SERVER ?? path.join(root, "build/code-server");
const entry = path.join(codeServer, "node_modules/code-server/out/node/entry.js");

export function canRun() {
  return fs.existsSync(entry) && fs.existsSync(path.join(extension, "treewright.vsix"));
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function until(what, check, ms = 20_000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      const found = await check();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`it did not happen: ${what}${last ? ` (${last.message})` : ""}`);
    await sleep(80);
  }
}

export class Workbench {
  /** files: path -> text of the workspace; prepare(folder): what else it needs; extensions: packages beside ours. */
  static async start({ files = {}, folder, settings = {}, out, width = 1280, height = 800, trust = false, env = {}, extensions = [], prepare }) {
    const workbench = new Workbench();
    await workbench.#start({ files, folder, settings, out, width, height, trust, env, extensions, prepare });
    return workbench;
  }

  async #start({ files, folder, settings, out, width, height, trust, env, extensions, prepare }) {
    this.out = out;
    fs.mkdirSync(out, { recursive: true });
    this.tmp = fs.mkdtempSync(path.join(os.tmpdir(), "treewright-vscode-"));
    const dir = (name) => {
      const made = path.join(this.tmp, name);
      fs.mkdirSync(made, { recursive: true });
      return made;
    };
    this.folder = folder ?? dir("shop");
    for (const [name, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(this.folder, name)), { recursive: true });
      fs.writeFileSync(path.join(this.folder, name), text);
    }
    prepare?.(this.folder);
    this.settings = {
      "security.workspace.trust.enabled": trust,
      "security.workspace.trust.startupPrompt": "never",
      "workbench.startupEditor": "none",
      "workbench.colorTheme": "Default Light Modern",
      "workbench.secondarySideBar.defaultVisibility": "hidden",
      "workbench.tips.enabled": false,
      "window.commandCenter": false,
      "chat.disableAIFeatures": true,
      "telemetry.telemetryLevel": "off",
      "extensions.autoUpdate": false,
      "extensions.autoCheckUpdates": false,
      "extensions.ignoreRecommendations": true,
      "files.autoSave": "off",
      "editor.minimap.enabled": false,
      "git.enabled": false,
      "treewright.server.interpreter": process.env.TREEWRIGHT_PYTHON ?? path.join(root, ".venv/bin/python"),
      ...settings,
    };
    dir("data/User");
    dir("data/Machine");
    this.writeSettings();
    const home = dir("home");
    const environment = {
      ...process.env,
      ...env,
      HOME: home,
      XDG_CONFIG_HOME: path.join(home, "config"),
      XDG_DATA_HOME: path.join(home, "data"),
      TREEWRIGHT_HOME: dir("treewright"),
      // Without an installed package the checkout itself is what the interpreter imports.
      PYTHONPATH: process.env.PYTHONPATH ?? "",
    };
    for (const name of ["VSCODE_IPC_HOOK_CLI", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"]) {
      if (!(name in env)) delete environment[name];
    }
    const common = ["--user-data-dir", path.join(this.tmp, "data"), "--extensions-dir", dir("extensions")];
    const packages = [path.join(extension, "treewright.vsix"), ...extensions];
    const installed = spawnSync(process.execPath, [entry, ...common, ...packages.flatMap((each) => ["--install-extension", each])], {
      env: environment,
      encoding: "utf8",
    });
    if (installed.status !== 0) throw new Error(`the package was not installed: ${installed.stdout}${installed.stderr}`);
    const port = await new Promise((resolve) => {
      const server = net.createServer().listen(0, "127.0.0.1", () => {
        const { port } = server.address();
        server.close(() => resolve(port));
      });
    });
    const log = fs.openSync(path.join(out, "code-server.log"), "w");
    this.server = spawn(
      process.execPath,
      [entry, ...common, "--auth", "none", "--bind-addr", `127.0.0.1:${port}`, "--disable-telemetry", "--disable-update-check",
        "--disable-getting-started-override", ...(trust ? [] : ["--disable-workspace-trust"])],
      { env: environment, stdio: ["ignore", log, log], detached: true },
    );
    const base = `http://127.0.0.1:${port}`;
    await until("code-server answers", () => fetch(`${base}/healthz`).then((r) => r.ok, () => false), 40_000);
    this.browser = await chromium.launchPersistentContext(dir("chrome"), {
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      headless: true,
      viewport: { width, height },
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    this.page = this.browser.pages()[0] ?? (await this.browser.newPage());
    this.console = [];
    this.page.on("console", (message) => this.console.push(`${message.type()} ${message.text()}`));
    await this.page.goto(`${base}/?folder=${encodeURIComponent(this.folder)}`, { waitUntil: "domcontentloaded" });
    await this.page.locator(".monaco-workbench").waitFor({ timeout: 60_000 });
  }

  writeSettings(more = {}) {
    Object.assign(this.settings, more);
    const text = JSON.stringify(this.settings, null, 1);
    for (const name of ["User", "Machine"]) fs.writeFileSync(path.join(this.tmp, "data", name, "settings.json"), text);
  }

  read(name) {
    return fs.readFileSync(path.join(this.folder, name), "utf8");
  }

  async shot(name, options = {}) {
    await this.page.screenshot({ path: path.join(this.out, `${name}.png`), ...options });
  }

  /** Press a key that opens the quick input; a closed webview may have taken the focus with it. */
  async #quickInput(key) {
    const box = this.page.locator(".quick-input-widget input.input");
    for (let i = 0; ; i++) {
      await this.page.keyboard.press(key);
      try {
        await box.waitFor({ timeout: i < 3 ? 2500 : 20_000 });
        return box;
      } catch (error) {
        if (i >= 3) throw error;
        await this.page.locator(".part.titlebar").click({ position: { x: 300, y: 10 } });
      }
    }
  }

  /** Press Enter until the quick input has taken it: its rows may be filled a second time. */
  async #enter(gone) {
    for (let i = 0; ; i++) {
      await this.page.keyboard.press("Enter");
      try {
        return await gone(i < 3 ? 2500 : 20_000);
      } catch (error) {
        if (i >= 3) throw error;
      }
    }
  }

  /**
   * Open the quick input with a key, type, and wait for the row that is meant to be the highlighted
   * one. A view that takes the focus at that moment closes the input: then it is opened again.
   */
  async #typed(key, text, shown) {
    const row = this.page.locator(".quick-input-list .monaco-list-row.focused", { hasText: shown }).first();
    for (let i = 0; ; i++) {
      const box = await this.#quickInput(key);
      try {
        await box.fill(text, { timeout: i < 3 ? 3000 : 20_000 });
        await row.waitFor({ timeout: i < 3 ? 6000 : 30_000 });
        return box;
      } catch (error) {
        if (i >= 3) throw error;
        await this.page.keyboard.press("Escape");
      }
    }
  }

  async command(title) {
    const box = await this.#typed("F1", `>${title}`, title.split(": ").pop());
    // The command may open a quick input of its own.
    await this.#enter((timeout) => until("the command was taken", async () => !(await box.isVisible()) || !(await box.inputValue()).startsWith(`>${title}`), timeout));
  }

  /** Open a file by its name, or by what is typed to find it; `shown` is what its row says. */
  async open(name, typed = name, shown = path.basename(name)) {
    const tab = this.page.locator(`.tab.active[data-resource-name="${path.basename(name)}"]`).first();
    const box = await this.#typed("Control+p", typed, shown);
    await this.#enter((timeout) => box.waitFor({ state: "hidden", timeout }));
    await tab.waitFor();
  }

  /** Put the cursor at a line and column, both from 1. */
  async goTo(line, column = 1) {
    const box = await this.#typed("Control+g", `:${line}:${column}`, /Go to line/);
    await this.#enter((timeout) => box.waitFor({ state: "hidden", timeout }));
    await this.page.locator(".statusbar-item", { hasText: `Ln ${line}, Col` }).first().waitFor({ timeout: 10_000 });
  }

  /** Let the context keys, which decide what a key does, follow what just happened. */
  async contextKeys() {
    await this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))));
    await sleep(250);
  }

  async save() {
    await this.page.keyboard.press("Control+s");
  }

  status() {
    return this.page.locator(".statusbar-item[id='treewright.treewright.treewright.status']");
  }

  /** What the status bar says, with what it says to screen readers. */
  statusText() {
    return this.status().evaluate((each) => [each, ...each.querySelectorAll("[aria-label]")].map((one) => one.getAttribute("aria-label")).join(" "));
  }

  async indexed() {
    await until("the index is complete", async () => /Index: \d+ files?, \d+ symbol/.test(await this.statusText()), 180_000);
  }

  /** What the server has recorded: outcomes of proposals, uses of search results, ratings; oldest first. */
  recorded() {
    const python = `
import glob, json, sqlite3, sys
found = glob.glob(sys.argv[1] + "/**/feedback.sqlite3", recursive=True)
rows = []
if found:
    db = sqlite3.connect(f"file:{found[0]}?mode=ro", uri=True)
    rows += [(t, dict(kind=o, subject=p)) for t, o, p in db.execute("select time, outcome, proposal_id from outcomes")]
    rows += [(t, dict(kind=a, subject=s, result=r)) for t, a, s, r in db.execute("select time, action, search_id, result from search_uses")]
    rows += [(t, dict(kind="rated", subject=s, rating=r)) for t, s, r in db.execute("select time, subject, rating from ratings")]
rows.sort(key=lambda row: row[0])
print(json.dumps([row for _, row in rows]))
`;
    const done = spawnSync(this.settings["treewright.server.interpreter"], ["-S", "-c", python, path.join(this.tmp, "treewright")], { encoding: "utf8" });
    if (done.status !== 0) throw new Error(done.stderr);
    return JSON.parse(done.stdout);
  }

  /** Wait until what is recorded fits. */
  async feedback(what, check) {
    let events = [];
    try {
      await until(what, async () => {
        events = this.recorded();
        await sleep(300);
        return check(events);
      }, 25_000);
    } catch (error) {
      throw new Error(`${error.message}: ${JSON.stringify(events.slice(-20))}`, { cause: error });
    }
    return events;
  }

  /** The page inside the webview whose content has `selector`. */
  async webview(selector) {
    return until(`a webview with ${selector}`, async () => {
      for (const frame of this.page.frames()) {
        if (frame === this.page.mainFrame()) continue;
        if ((await frame.locator(selector).count().catch(() => 0)) > 0) return frame;
      }
      return undefined;
    }, 30_000);
  }

  /** Accessibility problems that axe finds in a frame, or below `selector` in it. */
  async audit(frame, selector) {
    await frame.evaluate(axeSource());
    const violations = await frame.evaluate(async (selector) => {
      const result = await globalThis.axe.run(selector ?? document, {
        resultTypes: ["violations"],
        // Rules of whole pages; a view is a part of one.
        rules: { "page-has-heading-one": { enabled: true }, bypass: { enabled: false }, "document-title": { enabled: true } },
      });
      return result.violations.map((each) => `${each.id}: ${each.help}\n  ${each.nodes.map((node) => `${node.target} ${node.failureSummary}`).join("\n  ")}`);
    }, selector);
    return violations;
  }

  async stop({ keep = false } = {}) {
    await this.browser?.close().catch(() => undefined);
    if (this.server) {
      try {
        process.kill(-this.server.pid, "SIGTERM");
      } catch {
        // it has ended
      }
    }
    if (keep) console.error(`the profile is kept in ${this.tmp}`);
    else fs.rmSync(this.tmp, { recursive: true, force: true, maxRetries: 5, retryDelay: 300 });
  }
}
