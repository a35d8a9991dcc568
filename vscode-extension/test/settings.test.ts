import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { forServer } from "../src/server/settings";
import { statusText } from "../src/status-text";
import type { Status } from "../src/protocol";

interface Manifest {
  contributes: {
    commands: { command: string; enablement?: string }[];
    menus: Record<string, { command?: string; submenu?: string; when?: string }[]>;
    keybindings: { command: string }[];
    configuration: {
      properties: Record<string, { default?: unknown; description?: string; markdownDescription?: string }>;
    }[];
    viewsWelcome: { contents: string }[];
    walkthroughs: { steps: { description: string; media: { markdown: string } }[] }[];
  };
}
const manifest = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const declared = new Set(manifest.contributes.commands.map((each) => each.command));

test("the server is not told what only the extension reads", () => {
  assert.deepEqual(
    forServer({ lint: { enable: true }, server: { interpreter: "x" }, chat: {}, lens: {}, review: {}, graph: {} }),
    { lint: { enable: true } },
  );
  assert.equal(forServer(null), null);
});

test("every setting has a description and a default", () => {
  for (const { properties } of manifest.contributes.configuration) {
    for (const [name, setting] of Object.entries(properties)) {
      assert.ok((setting.markdownDescription ?? "").length > 10, name);
      assert.ok("default" in setting, name);
    }
  }
});

test("menus, keys, welcome texts and the walkthrough name commands that exist", () => {
  const { menus, keybindings, viewsWelcome, walkthroughs } = manifest.contributes;
  for (const each of [...Object.values(menus).flat(), ...keybindings])
    if (each.command) assert.ok(declared.has(each.command), each.command);
  const text = [
    ...viewsWelcome.map((each) => each.contents),
    ...walkthroughs.flatMap((each) => each.steps.map((step) => step.description)),
  ].join("\n");
  for (const [, command] of text.matchAll(/command:([\w.]+)/g)) assert.ok(declared.has(command!), command);
  for (const { steps } of walkthroughs)
    for (const { media } of steps) assert.ok(readFileSync(media.markdown, "utf8").length > 0);
});

test("every command that is declared is there, and what changes code is off in restricted mode", () => {
  const source = readdirSync("src/commands")
    .map((name) => readFileSync(`src/commands/${name}`, "utf8"))
    .join("\n");
  for (const command of declared) {
    const name = command.replace("treewright.ui.", "");
    assert.ok(source.includes(`    ${name}:`) || source.includes(`    "${name}":`), `${name} has no handler`);
  }
  for (const name of ["editSelection", "fixDiagnostic", "refactor", "writeTests", "runTask", "exportFeedback"]) {
    const command = manifest.contributes.commands.find((each) => each.command === `treewright.ui.${name}`);
    assert.match(command?.enablement ?? "", /isWorkspaceTrusted/, name);
  }
});

test("what people look for is in the palette, and what is about code in the editor's menu too", () => {
  const {
    commandPalette = [],
    "treewright.editor": menu = [],
    "editor/context": context = [],
  } = manifest.contributes.menus;
  const names = [
    "ask",
    "editSelection",
    "fixDiagnostic",
    "refactor",
    "writeTests",
    "explain",
    "findSimilar",
    "showGraph",
  ];
  const more = ["runTask", "review", "indexStatus", "exportFeedback", "restart", "showLog"];
  for (const name of [...names, ...more]) {
    const command = `treewright.ui.${name}`;
    assert.ok(declared.has(command), name);
    assert.notEqual(commandPalette.find((each) => each.command === command)?.when, "false", name);
  }
  for (const name of names)
    assert.ok(
      menu.some((each) => each.command === `treewright.ui.${name}`),
      name,
    );
  for (const name of ["editSelection", "fixDiagnostic", "writeTests", "refactor"])
    assert.match(menu.find((each) => each.command === `treewright.ui.${name}`)?.when ?? "", /isWorkspaceTrusted/, name);
  assert.match(context.find((each) => each.submenu === "treewright.editor")?.when ?? "", /treewright\.running/);
});

test("what only works with a server is off without one, and what helps then is not", () => {
  const enablement = (name: string): string =>
    manifest.contributes.commands.find((each) => each.command === `treewright.ui.${name}`)?.enablement ?? "";
  for (const name of ["editSelection", "explain", "search", "findSimilar", "showGraph", "runTask", "indexStatus"])
    assert.match(enablement(name), /treewright\.running/, name);
  for (const name of ["restart", "showLog", "selectInterpreter", "installServer"])
    assert.doesNotMatch(enablement(name), /treewright\.running/, name);
});

test("the status bar says what is going on", () => {
  const status: Status = {
    version: "0.1.0",
    ready: false,
    trusted: true,
    proposals: 2,
    model: { state: "none", name: "", reason: "" },
    folders: [
      { uri: "file:///ws", name: "ws", ready: false, pending: 75, files: 25, symbols: 300, references: 10, skipped: 0 },
    ],
  };
  assert.match(statusText("running", "d", status, true).text, /indexing 25 %/);
  const ready = statusText("running", "d", { ...status, ready: true }, true);
  assert.equal(ready.text, "$(type-hierarchy) Treewright");
  assert.ok(ready.tooltip.includes("2 proposals to review"));
  assert.match(statusText("running", "d", { ...status, ready: true }, false).text, /shield/);
  assert.equal(statusText("missing", "no Python", undefined, true).severity, "warning");
  assert.equal(statusText("failed", "", undefined, true).command, "treewright.ui.restart");
});
