// Unit tests: each test/*.test.ts is bundled and run by Node's own runner. `vscode` is
// test/vscode.ts, which is next to nothing: most of what is tested here is plain data.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import esbuild from "esbuild";

const here = path.dirname(fileURLToPath(import.meta.url));
const out = path.join(here, "..", "out", "unit");
rmSync(out, { recursive: true, force: true });
const tests = readdirSync(here).filter((name) => name.endsWith(".test.ts"));
await esbuild.build({
  entryPoints: tests.map((name) => path.join(here, name)),
  outdir: out,
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20",
  sourcemap: "inline",
  logLevel: "warning",
  external: ["canvas"],
  alias: { vscode: path.join(here, "vscode.ts") },
});
const files = tests.map((name) => path.join(out, name.replace(/\.ts$/, ".cjs")));
const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...process.argv.slice(2), ...files], {
  stdio: "inherit",
});
process.exit(status ?? 1);
