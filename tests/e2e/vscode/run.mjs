// The extension in a real VS Code, as a user has it.
//
//   make e2e-vscode            (tests/e2e/vscode/setup.sh, then this)
//   node tests/e2e/vscode/run.mjs [--sessions=name,name] [--only=word] [--pictures=FOLDER]
//
// Scenarios of one session share a window. One that fails ends it, and is run once more, alone, in
// a new window; when that fails too the suite has failed, and goes on with the rest.
//
// CODE_SERVER      the folder that setup.sh made (default: build/code-server)
// TREEWRIGHT_PYTHON  a Python that has treewright (default: .venv/bin/python)
// KEEP=1           keep the profile of a window in which something failed
import fs from "node:fs";
import path from "node:path";
import { log } from "./driver.mjs";
import { Model } from "./model.mjs";
import { files } from "./project.mjs";
import { Workbench, canRun, root } from "./workbench.mjs";

const option = (name) => process.argv.find((each) => each.startsWith(`--${name}=`))?.split("=")[1];
const only = option("only");
const pictures = option("pictures");
const out = path.join(root, "build/vscode-e2e");

if (!canRun()) {
  console.error("code-server or treewright.vsix is missing: run `make extension` and tests/e2e/vscode/setup.sh");
  process.exit(2);
}

const SESSIONS = ["finding", "rules", "commands", "review", "views", "chat", "edits", "recovery", "real", "restricted"];
const sessions = [];
for (const name of option("sessions")?.split(",") ?? SESSIONS)
  sessions.push((await import(`./scenarios/${name}.mjs`)).default);

const results = { passed: 0, again: [], failed: [] };
const seconds = (begun) => `${((Date.now() - begun) / 1000).toFixed(1)} s`;

/** A window with the model behind it. */
async function opened(session) {
  const model = await Model.start();
  const w = await Workbench.start({
    out,
    ...session,
    files: session.files?.() ?? files,
    settings: session.settings?.(model) ?? {},
    extensions: session.extensions?.() ?? [],
  });
  w.model = model;
  w.picture = async (name, options) => {
    await w.shot(name, options);
    if (pictures) fs.copyFileSync(path.join(out, `${name}.png`), path.join(pictures, `vscode-${name}.png`));
  };
  if (!session.trust && session.waits !== false)
    await w.indexed().catch(async (error) => {
      const said = await w.statusText().catch(() => "nothing");
      await closed(w, { keep: true });
      throw new Error(`${error.message}; the status bar says: ${said}`, { cause: error });
    });
  return w;
}

async function closed(w, { keep = false } = {}) {
  const csp = w.console.filter((line) => /Content Security Policy/.test(line) && /treewright/i.test(line));
  w.model.stop();
  await w.stop({ keep: keep && process.env.KEEP === "1" });
  if (csp.length === 0) return;
  results.failed.push("a webview broke its own policy");
  console.log(`FAIL  a webview broke its own policy\n${csp.join("\n")}`);
}

/** Run one scenario. Undefined when it failed. */
async function attempt(w, title, scenario, note = "") {
  const begun = Date.now();
  try {
    const said = await scenario(w, w.model);
    console.log(`ok    ${title}${note} (${seconds(begun)})${said ? `: ${said}` : ""}`);
    return true;
  } catch (error) {
    await w.shot(`failure-${title.replace(/\W+/g, "-")}${note ? "-again" : ""}`).catch(() => undefined);
    const told = log(w).split("\n").slice(-15).join("\n");
    console.log(`${note ? "FAIL " : "once "} ${title} (${seconds(begun)})\n${error.stack}\n${told}`);
    return false;
  }
}

for (const session of sessions) {
  const wanted = Object.entries(session.scenarios).filter(([title]) => !only || title.includes(only));
  let w;
  for (const [title, scenario] of wanted) {
    try {
      w ??= await opened(session);
      if (await attempt(w, title, scenario)) {
        results.passed++;
        continue;
      }
      await closed(w, { keep: true });
      w = await opened(session);
      if (await attempt(w, title, scenario, ", once more")) {
        results.passed++;
        results.again.push(title);
        continue;
      }
    } catch (error) {
      console.log(`FAIL  ${title}: no window\n${error.stack}`);
    }
    results.failed.push(title);
    if (w) await closed(w, { keep: true });
    w = undefined;
  }
  if (w) await closed(w);
}

const { passed, again, failed } = results;
if (again.length) console.log(`only at the second try: ${again.join("; ")}`);
console.log(`${passed} passed, ${failed.length} failed${failed.length ? `: ${failed.join("; ")}` : ""}`);
process.exit(failed.length || passed === 0 ? 1 : 0);
