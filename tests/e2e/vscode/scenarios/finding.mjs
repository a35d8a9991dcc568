// Which Python runs the server when no setting names one, and how one comes to be there.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { log, notifications, servers } from "../driver.mjs";
import { extension, root, until } from "../workbench.mjs";

const environment = path.join(root, ".venv");
const python = process.env.TREEWRIGHT_PYTHON ?? path.join(environment, "bin/python");

const run = (program, args, options = {}) => {
  const done = spawnSync(program, args, { encoding: "utf8", ...options });
  if (done.status !== 0) throw new Error(`${program} ${args.join(" ")}: ${done.stdout}${done.stderr}`);
};

/** A wheel of this checkout. */
function wheel(folder) {
  run(python, ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, root]);
  return path.join(folder, fs.readdirSync(folder).find((name) => name.endsWith(".whl")));
}

/** What the Python extension is to others: a package of that name, whose choice stands in a file. */
function pythonExtension(folder) {
  const files = {
    "package.json": JSON.stringify({
      name: "python", publisher: "ms-python", version: "2025.0.0", license: "MIT", main: "./main.js",
      engines: { vscode: "^1.96.0" }, activationEvents: ["*"],
    }),
    "main.js": `
      const vscode = require("vscode");
      const fs = require("fs");
      exports.activate = (context) => {
        const changed = new vscode.EventEmitter();
        const file = vscode.workspace.workspaceFolders[0].uri.fsPath + "/.chosen";
        const read = () => { try { return fs.readFileSync(file, "utf8").trim(); } catch { return ""; } };
        let last = read();
        const timer = setInterval(() => { const now = read(); if (now !== last) { last = now; changed.fire({ path: now }); } }, 100);
        context.subscriptions.push({ dispose: () => clearInterval(timer) });
        return { environments: {
          getActiveEnvironmentPath: () => ({ path: read() }),
          onDidChangeActiveEnvironmentPath: changed.event,
        } };
      };`,
    LICENSE: "-",
    "README.md": "A stand-in.",
  };
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
  const vsix = path.join(folder, "python.vsix");
  run(path.join(extension, "node_modules/.bin/vsce"), ["package", "--no-dependencies", "--allow-missing-repository", "-o", vsix], { cwd: folder });
  return vsix;
}

const made = [];
const scratch = (name) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `treewright-${name}-`));
  made.push(folder);
  return folder;
};
process.on("exit", () => made.forEach((each) => fs.rmSync(each, { recursive: true, force: true })));

/** Wait until a server runs that was found so. */
async function uses(w, origin, times = 1) {
  await until(`it uses the Python ${origin}`, () => log(w).split(new RegExp(`using treewright \\S+ with Python [\\d.]+ ${origin}`)).length > times, 90_000);
  await w.indexed();
}

const scenarios = {
  "without a setting the workspace's environment runs the server, and the user is told": async (w) => {
    await uses(w, "of the workspace's environment");
    await w.command("Treewright: Show Index Status");
    await w.page.locator(".quick-input-list .monaco-list-row", { hasText: /of the workspace's environment \(.*\.venv\/bin\/python\)/ }).waitFor();
    await w.page.keyboard.press("Escape");
  },

  "what the Python extension chooses comes before it, at once": async (w) => {
    fs.writeFileSync(path.join(w.folder, ".chosen"), python);
    await w.page.locator(".statusbar-item", { hasText: /uses treewright .* that the Python extension has chosen/ }).waitFor();
    await uses(w, "that the Python extension has chosen");
    assert.match(log(w), /starting the server: the Python extension has chosen/);
  },

  "when no Python has the server one is installed, by pip and if the user says so": async (w) => {
    fs.rmSync(path.join(w.folder, ".chosen"), { force: true });
    fs.rmSync(path.join(w.folder, ".venv"));
    await w.command("Treewright: Restart the Server");
    const question = notifications(w).filter({ hasText: "needs a Python that has the treewright package" }).first();
    await question.waitFor({ timeout: 60_000 });
    assert.equal(servers(w).length, 0);
    assert.match(log(w), /not python3?: (treewright is not installed in it|it is Python)/);
    assert.match(await w.statusText(), /no server/);
    const begun = Date.now();
    await question.getByRole("button", { name: "Install It for Me" }).click();
    await notifications(w).filter({ hasText: "Installing the treewright server" }).first().waitFor({ timeout: 20_000 });
    await until("it was installed", () => /starting the server: it was installed/.test(log(w)), 400_000);
    const took = ((Date.now() - begun) / 1000).toFixed(0);
    await uses(w, "of the extension's own environment");
    const [pid] = servers(w);
    assert.match(fs.readFileSync(`/proc/${pid}/cmdline`, "utf8"), /globalStorage\/treewright\.treewright\/server\/bin\/python/);
    return `pip took ${took} s`;
  },
};

export default {
  name: "finding the server",
  settings: () => ({ "treewright.server.interpreter": "", "treewright.server.installFrom": wheel(scratch("wheel")) }),
  extensions: () => [pythonExtension(scratch("python"))],
  prepare: (folder) => fs.symlinkSync(environment, path.join(folder, ".venv")),
  env: {
    VIRTUAL_ENV: "",
    CONDA_PREFIX: "",
    // The home of the test has no configuration of pip and nothing that it has fetched before.
    ...Object.fromEntries(
      [".config/pip/pip.conf", ".pip/pip.conf"].map((name) => path.join(os.homedir(), name)).filter((file) => fs.existsSync(file)).slice(0, 1).map((file) => ["PIP_CONFIG_FILE", file]),
    ),
    PIP_CACHE_DIR: process.env.PIP_CACHE_DIR ?? path.join(os.homedir(), ".cache/pip"),
  },
  scenarios,
};
