/**
 * Which Python runs the server: the setting's, the one the Python extension has chosen, the
 * workspace's environment, the environment of this extension, the search path. Plain data in and
 * out; what touches the machine is passed in.
 */

import * as path from "node:path";

export type Origin = "setting" | "selected" | "workspace" | "managed" | "path";

export interface Candidate {
  origin: Origin;
  python: string;
}

export interface Probe {
  ok: boolean;
  /** Of treewright. */
  version: string;
  /** Of Python, `3.12.1`. */
  python: string;
  /** Why it cannot run the server; empty when it can. */
  reason: string;
}

export interface Surroundings {
  /** The setting, with nothing replaced yet. */
  interpreter: string;
  workspaceFolders: readonly string[];
  trusted: boolean;
  home: string;
  platform: NodeJS.Platform;
  /** Where the extension keeps its own environment. */
  managed: string;
  /** What the Python extension, if there is one, has selected for the workspace. */
  selected: string | undefined;
  environment: Record<string, string | undefined>;
}

export interface Machine {
  exists(file: string): Promise<boolean>;
  probe(python: string): Promise<Probe>;
}

export interface Choice {
  candidate: Candidate | undefined;
  probe: Probe | undefined;
  /** Each Python that was tried before, and why it would not do. */
  rejected: { candidate: Candidate; reason: string }[];
}

export const OLDEST_PYTHON = [3, 11] as const;

const ENVIRONMENTS = [".venv", "venv", "env", ".env"];

function pathsOf(platform: NodeJS.Platform): path.PlatformPath {
  return platform === "win32" ? path.win32 : path.posix;
}

/** The Python inside a virtual environment. */
export function pythonOf(environment: string, platform: NodeJS.Platform): string {
  const paths = pathsOf(platform);
  return platform === "win32"
    ? paths.join(environment, "Scripts", "python.exe")
    : paths.join(environment, "bin", "python");
}

/** `~` and `${workspaceFolder}` replaced; a relative path is below the first folder. */
export function expanded(setting: string, around: Surroundings): string {
  const folder = around.workspaceFolders[0] ?? "";
  const value = setting.trim().replaceAll("${workspaceFolder}", folder);
  const paths = pathsOf(around.platform);
  if (value === "~" || value.startsWith("~/") || value.startsWith("~\\")) {
    return paths.join(around.home, value.slice(1));
  }
  if (/[/\\]/.test(value) && !paths.isAbsolute(value) && folder) return paths.join(folder, value);
  return value;
}

/**
 * In order of preference. In a workspace that is not trusted nothing of the workspace is run:
 * a Python in it could be any program. VS Code leaves such settings out by itself.
 */
export function candidates(around: Surroundings): Candidate[] {
  const found: Candidate[] = [];
  const add = (origin: Origin, python: string | undefined): void => {
    if (python && !found.some((each) => each.python === python)) found.push({ origin, python });
  };
  if (around.interpreter.trim()) {
    // Somebody who names a Python means that one: no other is taken in its place.
    return [{ origin: "setting", python: expanded(around.interpreter, around) }];
  }
  if (around.trusted) {
    add("selected", around.selected);
    for (const folder of around.workspaceFolders) {
      for (const name of ENVIRONMENTS) {
        add("workspace", pythonOf(pathsOf(around.platform).join(folder, name), around.platform));
      }
    }
    const active = around.environment["VIRTUAL_ENV"] ?? around.environment["CONDA_PREFIX"];
    if (active) add("workspace", pythonOf(active, around.platform));
  }
  add("managed", pythonOf(around.managed, around.platform));
  for (const name of around.platform === "win32" ? ["python", "py"] : ["python3", "python"]) {
    add("path", name);
  }
  return found;
}

/** The first candidate that can run the server. */
export async function choose(around: Surroundings, machine: Machine): Promise<Choice> {
  const rejected: Choice["rejected"] = [];
  for (const candidate of candidates(around)) {
    const named = /[/\\]/.test(candidate.python);
    if (named && !(await machine.exists(candidate.python))) {
      if (candidate.origin === "setting") {
        rejected.push({ candidate, reason: "there is no such file" });
      }
      continue;
    }
    const probe = await machine.probe(candidate.python);
    if (probe.ok) return { candidate, probe, rejected };
    rejected.push({ candidate, reason: probe.reason });
  }
  return { candidate: undefined, probe: undefined, rejected };
}

/** What is run to ask a Python whether it can run the server. One line of JSON on stdout. */
export const PROBE = [
  "import sys",
  "sys.path[:] = [p for p in sys.path if p]  # not the folder it happens to run in",
  "import json",
  "found = {'python': '.'.join(map(str, sys.version_info[:3])), 'version': '', 'error': ''}",
  "try:",
  "    import treewright_server",
  "    found['version'] = getattr(treewright_server, '__version__', 'unknown')",
  "except BaseException as error:",
  "    found['error'] = f'{type(error).__name__}: {error}'",
  "print('treewright-probe ' + json.dumps(found))",
].join("\n");

export function readProbe(stdout: string, stderr: string, code: number | null): Probe {
  const line = stdout.split("\n").find((each) => each.startsWith("treewright-probe "));
  const none = { ok: false, version: "", python: "" };
  if (line === undefined) {
    const said = stderr.trim().split("\n").pop() ?? "";
    return { ...none, reason: said || `it ended with ${code ?? "a signal"} and said nothing` };
  }
  let found: { python?: unknown; version?: unknown; error?: unknown };
  try {
    found = JSON.parse(line.slice("treewright-probe ".length)) as typeof found;
  } catch {
    return { ...none, reason: "its answer cannot be read" };
  }
  const python = typeof found.python === "string" ? found.python : "";
  const version = typeof found.version === "string" ? found.version : "";
  if (!isNewEnough(python)) {
    const reason = `it is Python ${python || "of an unknown version"}; ${OLDEST_PYTHON.join(".")} is needed`;
    return { ok: false, version, python, reason };
  }
  if (!version) {
    const error = typeof found.error === "string" ? found.error : "";
    const missing = error.includes("No module named 'treewright_server'");
    const reason = missing ? "treewright is not installed in it" : error || "treewright cannot be imported";
    return { ok: false, version, python, reason };
  }
  return { ok: true, version, python, reason: "" };
}

export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]);
}

const ORIGIN: Record<Origin, string> = {
  setting: "from the setting treewright.server.interpreter",
  selected: "that the Python extension has chosen",
  workspace: "of the workspace's environment",
  managed: "of the extension's own environment",
  path: "from the search path",
};

export function describe(choice: Choice): string {
  if (choice.candidate && choice.probe) {
    const { candidate, probe } = choice;
    return `treewright ${probe.version} with Python ${probe.python} ${ORIGIN[candidate.origin]} (${candidate.python})`;
  }
  const tried = choice.rejected.map((each) => `${each.candidate.python}: ${each.reason}`);
  return tried.length ? tried.join("; ") : "no Python was found";
}
