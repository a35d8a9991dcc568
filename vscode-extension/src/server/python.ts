/** Running Pythons: asking one whether it can serve, and making the extension's own environment. */

import { execFile, spawn } from "node:child_process";
import { access } from "node:fs/promises";
import { PROBE, readProbe, type Machine, type Probe } from "./discover";

const PROBE_TIMEOUT_MS = 15_000;

export const machine: Machine = {
  exists: (file) =>
    access(file).then(
      () => true,
      () => false,
    ),
  probe,
};

/** Variables that would make a Python import something else than it would by itself. */
export function cleanEnvironment(
  given: NodeJS.ProcessEnv = process.env,
  more: Record<string, string> = {},
): NodeJS.ProcessEnv {
  const { PYTHONHOME: _home, PYTHONSTARTUP: _startup, ...rest } = given;
  return { ...rest, ...more };
}

export function probe(python: string): Promise<Probe> {
  return new Promise((resolve) => {
    execFile(
      python,
      ["-c", PROBE],
      { timeout: PROBE_TIMEOUT_MS, windowsHide: true, env: cleanEnvironment() },
      (error, stdout, stderr) => {
        if (error && "code" in error && error.code === "ENOENT") {
          resolve({ ok: false, version: "", python: "", reason: "there is no such program" });
        } else if (error?.killed) {
          resolve({ ok: false, version: "", python: "", reason: "it did not answer in time" });
        } else {
          const code = typeof error?.code === "number" ? error.code : 0;
          resolve(readProbe(stdout, stderr, code));
        }
      },
    );
  });
}

/** Run a program to its end. Raises with the last lines it said. */
export function run(
  program: string,
  args: readonly string[],
  options: { onLine?: (line: string) => void; signal?: AbortSignal; cwd?: string } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: cleanEnvironment(),
      windowsHide: true,
      ...(options.signal ? { signal: options.signal } : {}),
      ...(options.cwd ? { cwd: options.cwd } : {}),
    });
    let output = "";
    let tail = "";
    const take = (data: Buffer, keep: boolean): void => {
      const text = data.toString("utf8");
      if (keep) output += text;
      const lines = (tail + text).split(/\r?\n/);
      tail = lines.pop() ?? "";
      for (const line of lines) if (line.trim()) options.onLine?.(line);
      last = lines.filter((line) => line.trim()).pop() ?? last;
    };
    let last = "";
    child.stdout.on("data", (data: Buffer) => take(data, true));
    child.stderr.on("data", (data: Buffer) => take(data, false));
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(tail.trim() || last || `${program} ended with ${code ?? "a signal"}`));
    });
  });
}
