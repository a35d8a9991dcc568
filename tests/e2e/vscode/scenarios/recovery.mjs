// Servers that end, or are not there.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { accepts, answered, at, editHere, lastTurn, line, log, notifications, openChat, say, servers, written } from "../driver.mjs";
import { PRICES } from "../project.mjs";
import { until } from "../workbench.mjs";

const scenarios = {
  "a server that is killed comes back, and what was open is indexed": async (w, model) => {
    const [pid] = servers(w);
    process.kill(pid, "SIGKILL");
    await until("another one runs", () => servers(w).some((each) => each !== pid), 60_000);
    await until("it is taken up", () => log(w).split("using treewright").length > 2, 60_000);
    await w.indexed();
    assert.match(log(w), /the server ended; starting it again in 0\.5 s/);
    model.next({ text: "Cart.checkout calls it." });
    const chat = await openChat(w);
    await say(chat, "Who calls total?", "ask");
    await answered(chat);
    assert.match(await lastTurn(chat).innerText(), /Cart\.checkout/);
  },

  "an interpreter that will not do is said, and the right one is taken up again": async (w) => {
    const python = w.settings["treewright.server.interpreter"];
    w.writeSettings({ "treewright.server.interpreter": "/nowhere/python" });
    await until("the status bar says so", async () => (await w.status().innerText()).includes("no server"));
    await notifications(w).filter({ hasText: "there is no such file" }).first().waitFor();
    await w.command("Notifications: Clear All Notifications");
    // One that is too old, and one that has no treewright.
    const old = path.join(w.tmp, "old-python");
    fs.writeFileSync(old, `#!/bin/sh\necho 'treewright-probe {"python": "3.9.2", "version": "", "error": ""}'\n`, { mode: 0o755 });
    w.writeSettings({ "treewright.server.interpreter": old });
    await notifications(w).filter({ hasText: "it is Python 3.9.2; 3.11 is needed" }).first().waitFor();
    await w.command("Notifications: Clear All Notifications");
    const bare = path.join(w.tmp, "bare-python");
    fs.writeFileSync(bare, `#!/bin/sh\nexec "${python}" -S "$@"\n`, { mode: 0o755 });
    w.writeSettings({ "treewright.server.interpreter": bare });
    await notifications(w).filter({ hasText: "treewright is not installed in it" }).first().waitFor();
    await w.command("Notifications: Clear All Notifications");
    w.writeSettings({ "treewright.server.interpreter": python });
    await w.indexed();
  },

  "a server that ends at once is tried again with longer and longer waits, then given up, and said": async (w) => {
    w.writeSettings({ "treewright.server.command": ["/bin/false"] });
    await until("the status bar says so", async () => /stopped/.test(await w.status().innerText()), 90_000);
    await notifications(w).filter({ hasText: "ended several times in a row" }).first().waitFor();
    const waits = [...log(w).matchAll(/starting it again in ([\d.]+) s/g)].map((each) => Number(each[1]));
    assert.deepEqual(waits.slice(-5), [0.5, 1, 2, 4, 8]);
    await w.command("Notifications: Clear All Notifications");
    w.writeSettings({ "treewright.server.command": [] });
    await w.indexed();
  },

  "a server that dies in the middle of an edit: said, nothing is lost, the next edit works": async (w, model) => {
    const one = [{ calls: [["edit_file", { file_path: "shop/prices.py", search: '"""The lowest of the prices."""', replace: '"""The lowest price."""' }]] }, { calls: [["finish", { summary: "Better words" }]] }];
    await w.open("prices.py");
    await w.goTo(1, 1);
    await w.page.keyboard.type("# not saved yet\n");
    await w.goTo(25, 5);
    const asked = model.requests.length;
    model.next({ text: "wait ".repeat(2000), pause: 50 });
    await editHere(w, "Say it better");
    await until("the model is asked", () => model.requests.length > asked, 60_000);
    for (const pid of servers(w)) process.kill(pid, "SIGKILL");
    await notifications(w).filter({ hasText: /Treewright:/ }).first().waitFor({ timeout: 30_000 });
    await w.shot("crash");
    await w.command("Notifications: Clear All Notifications");
    await w.goTo(1, 1);
    await line(w, "# not saved yet").waitFor();
    await until("another one runs", () => servers(w).length > 0, 60_000);
    await w.indexed();
    model.script.length = 0;
    model.next(...one);
    await w.open("prices.py");
    await w.goTo(25, 5);
    await editHere(w, "Say it better");
    await until("a hunk is offered", async () => (await accepts(w).count()) === 1, 120_000);
    await at(w, "The lowest of the prices");
    await w.page.keyboard.press("Alt+Enter");
    await written(w, "shop/prices.py", `# not saved yet\n${PRICES.replace("The lowest of the prices.", "The lowest price.")}`);
    await w.command("View: Close All Editors");
  },
};

const settings = (model) => ({ "treewright.agent.openaiBaseUrl": model.url, "treewright.agent.model": "scripted" });

export default { name: "recovery", settings, scenarios };
