// Bundles the extension (Node) and its webviews (browser) into dist/.
import { copyFile, mkdir, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import esbuild from "esbuild";

const production = process.argv.includes("--production");
const watch = process.argv.includes("--watch");
const codicons = path.dirname(createRequire(import.meta.url).resolve("@vscode/codicons/dist/codicon.css"));

const common = {
  bundle: true,
  minify: production,
  sourcemap: production ? false : "linked",
  legalComments: "none",
  logLevel: "info",
};
// The language client is most of the code, and is not needed before the server starts.
const clientApart = {
  name: "client-apart",
  setup(build) {
    build.onResolve({ filter: /^vscode-languageclient\/node$/ }, () => ({ path: "./client.js", external: true }));
  },
};
const builds = [
  {
    ...common,
    entryPoints: { client: "vscode-languageclient/node" },
    outdir: "dist",
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["vscode"],
    mainFields: ["module", "main"],
  },
  {
    ...common,
    plugins: [clientApart],
    supported: { "dynamic-import": false },
    banner: { js: "var treewrightLoad={clock:performance.now(),processor:process.cpuUsage()};" },
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    platform: "node",
    format: "cjs",
    target: "node20",
    external: ["vscode"],
    mainFields: ["module", "main"],
  },
  {
    ...common,
    entryPoints: { chat: "src/webview/chat.ts", graph: "src/webview/graph.ts" },
    outdir: "dist",
    platform: "browser",
    format: "iife",
    target: "es2022",
  },
];

await rm("dist", { recursive: true, force: true });
await mkdir("dist", { recursive: true });
for (const name of ["chat.css", "graph.css"]) await copyFile(`src/webview/${name}`, `dist/${name}`);
for (const name of ["codicon.css", "codicon.ttf"]) await copyFile(path.join(codicons, name), `dist/${name}`);
if (watch) for (const build of builds) await (await esbuild.context(build)).watch();
else await Promise.all(builds.map((build) => esbuild.build(build)));
