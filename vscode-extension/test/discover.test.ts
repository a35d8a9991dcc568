import assert from "node:assert/strict";
import { test } from "node:test";
import {
  candidates,
  choose,
  describe,
  expanded,
  readProbe,
  type Probe,
  type Surroundings,
} from "../src/server/discover";

const around: Surroundings = {
  interpreter: "",
  workspaceFolders: ["/ws"],
  trusted: true,
  home: "/home/me",
  platform: "linux",
  managed: "/store/server",
  selected: undefined,
  environment: {},
};
const good: Probe = { ok: true, version: "0.1.0", python: "3.12.1", reason: "" };
const bad = (reason: string): Probe => ({ ok: false, version: "", python: "3.12.1", reason });

test("a Python that the user names is the only one", () => {
  const named = candidates({ ...around, interpreter: "/opt/python" });
  assert.deepEqual(named, [{ origin: "setting", python: "/opt/python" }]);
});

test("the workspace's environment comes before the extension's own, the search path last", () => {
  const found = candidates({ ...around, selected: "/conda/bin/python" });
  assert.deepEqual(found[0], { origin: "selected", python: "/conda/bin/python" });
  const order = found.map((each) => each.python);
  assert.ok(order.indexOf("/ws/.venv/bin/python") < order.indexOf("/store/server/bin/python"));
  assert.ok(order.indexOf("/store/server/bin/python") < order.indexOf("python3"));
});

test("nothing of a workspace that is not trusted is run", () => {
  const order = candidates({ ...around, trusted: false, selected: "/ws/x", environment: { VIRTUAL_ENV: "/ws/env" } });
  assert.deepEqual(
    order.map((each) => each.origin),
    ["managed", "path", "path"],
  );
});

test("each Python is tried once", () => {
  const order = candidates({ ...around, environment: { VIRTUAL_ENV: "/ws/.venv" } }).map((each) => each.python);
  assert.equal(new Set(order).size, order.length);
});

test("home and workspace folder are put in; relative paths are below the folder", () => {
  assert.equal(expanded("~/py/bin/python", around), "/home/me/py/bin/python");
  assert.equal(expanded("${workspaceFolder}/v/bin/python", around), "/ws/v/bin/python");
  assert.equal(expanded("v/bin/python", around), "/ws/v/bin/python");
  assert.equal(expanded(" python3.12 ", around), "python3.12");
  const windows = { ...around, platform: "win32" as const, workspaceFolders: ["C:\\ws"], home: "C:\\me" };
  assert.equal(expanded("~\\py\\python.exe", windows), "C:\\me\\py\\python.exe");
});

test("the first Python that can run the server is taken, and the others are accounted for", async () => {
  const probes: Record<string, Probe> = {
    "/ws/.venv/bin/python": bad("treewright is not installed in it"),
    python3: good,
  };
  const choice = await choose(around, {
    exists: (file) => Promise.resolve(file === "/ws/.venv/bin/python"),
    probe: (python) => Promise.resolve(probes[python] ?? bad("unexpected")),
  });
  assert.equal(choice.candidate?.python, "python3");
  assert.deepEqual(
    choice.rejected.map((each) => each.candidate.python),
    ["/ws/.venv/bin/python"],
  );
  assert.match(describe(choice), /^treewright 0\.1\.0 with Python 3\.12\.1 from the search path/);
});

test("a setting that names no file says so, and nothing else is tried", async () => {
  const choice = await choose(
    { ...around, interpreter: "/nowhere/python" },
    { exists: () => Promise.resolve(false), probe: () => Promise.reject(new Error("must not be asked")) },
  );
  assert.equal(choice.candidate, undefined);
  assert.equal(describe(choice), "/nowhere/python: there is no such file");
});

test("an answer among other output is found", () => {
  const probe = readProbe('noise\ntreewright-probe {"python": "3.11.2", "version": "0.1.0", "error": ""}\n', "", 0);
  assert.deepEqual(probe, { ok: true, version: "0.1.0", python: "3.11.2", reason: "" });
});

for (const [name, stdout, stderr, reason] of [
  [
    "an old Python",
    'treewright-probe {"python": "3.9.1", "version": "", "error": "x"}',
    "",
    "it is Python 3.9.1; 3.11 is needed",
  ],
  [
    "no package",
    `treewright-probe {"python": "3.12.0", "version": "", "error": "ModuleNotFoundError: No module named 'treewright_server'"}`,
    "",
    "treewright is not installed in it",
  ],
  [
    "a broken package",
    'treewright-probe {"python": "3.12.0", "version": "", "error": "ImportError: libfoo"}',
    "",
    "ImportError: libfoo",
  ],
  ["no answer", "", "Segmentation fault\n", "Segmentation fault"],
  ["not JSON", "treewright-probe {", "", "its answer cannot be read"],
] as const) {
  test(`cannot run the server: ${name}`, () => {
    const probe = readProbe(stdout, stderr, 1);
    assert.equal(probe.ok, false);
    assert.equal(probe.reason, reason);
  });
}
