// A real project: this repository's own packages, some 400 files, opened as a user opens a folder.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { activeTab, inReview, lens, proposed, row } from "../driver.mjs";
import { root, until } from "../workbench.mjs";

const FOLDERS = ["indexer", "agent", "server"];

/** The files that git knows below the packages, as they are in the working tree. */
function files() {
  const listed = spawnSync("git", ["-C", root, "ls-files", "-z", ...FOLDERS], { encoding: "utf8", maxBuffer: 1 << 26 });
  assert.equal(listed.status, 0, listed.stderr);
  const names = listed.stdout.split("\0").filter((name) => name.endsWith(".py") && fs.existsSync(path.join(root, name)));
  return Object.fromEntries(names.map((name) => [name, fs.readFileSync(path.join(root, name), "utf8")]));
}

const scenarios = {
  "a real project: the index fills and says how far it is": async (w) => {
    const seen = new Set();
    const begun = Date.now();
    await until("the index is complete", async () => {
      const said = await w.statusText();
      const progress = /indexing (\d+) %|to read/.exec(said);
      if (progress) seen.add(progress[0]);
      return /Index: \d+ files, \d+ symbols/.test(said);
    }, 180_000);
    const said = /Index: (\d+) files, (\d+) symbols/.exec(await w.statusText());
    assert.ok(Number(said[1]) > 300, said[0]);
    assert.ok(seen.size > 0, "the progress was never shown");
    return `${said[0]} after ${((Date.now() - begun) / 1000).toFixed(1)} s; seen on the way: ${[...seen].join(", ")}`;
  },

  "a real project: code is found by meaning": async (w) => {
    await w.indexed();
    await w.command("Treewright: Search Code by Meaning…");
    await w.page.locator(".quick-input-titlebar", { hasText: "Search Code by Meaning" }).waitFor();
    await w.page.keyboard.type("which hunks the user took and which not", { delay: 5 });
    const found = w.page.locator(".quick-input-list .monaco-list-row", { hasText: "treewright_proposals_settle" }).first();
    await found.waitFor({ timeout: 60_000 });
    await w.shot("real-search");
    await found.click();
    await activeTab(w, "treewright_proposals_settle.py").waitFor();
    await lens(w, "Ask").first().waitFor({ timeout: 60_000 });
    await w.command("View: Close All Editors");
  },

  "a real project: a function used in many files is renamed under review": async (w) => {
    await w.indexed();
    await proposed(w, "rename hunk_ids to ids_of_hunks everywhere");
    await row(w, "treewright_proposals_settle.py").waitFor({ timeout: 120_000 });
    await w.shot("real-review");
    await inReview(w, "Control+Enter", async () => (await row(w, "treewright_proposals_settle.py").count()) === 0);
    await w.command("File: Save All").catch(() => undefined);
    const name = "server/treewright_server/handlers/treewright_proposals_settle.py";
    await until("it is written", () => w.read(name).includes("ids_of_hunks(") && !/\bhunk_ids\b/.test(w.read(name)));
    await w.command("View: Close All Editors");
  },
};

export default { name: "a real project", files, waits: false, scenarios };
