// A workspace that is not trusted.
import assert from "node:assert/strict";
import { openChat } from "../driver.mjs";
import { sleep, until } from "../workbench.mjs";

const scenarios = {
  "nothing is changed or run in a workspace that is not trusted": async (w) => {
    // The interpreter of the settings is the user's own, so the server runs and reads.
    await w.indexed();
    await w.page.keyboard.press("F1");
    const box = w.page.locator(".quick-input-widget input.input");
    await box.waitFor();
    await box.fill(">Treewright: ");
    await sleep(600);
    const rows = await w.page.locator(".quick-input-list .monaco-list-row").allInnerTexts();
    const text = rows.join("\n");
    assert.ok(/Show the Log|Restart the Server|Ask About Code/.test(text), text);
    for (const name of ["Run a Task", "Edit Selection", "Fix This Diagnostic", "Refactor the Workspace", "Install the Server"]) assert.ok(!text.includes(name), `${name} is offered`);
    await w.page.keyboard.press("Escape");
    const chat = await openChat(w);
    await chat.locator("#banner", { hasText: "Restricted mode" }).waitFor();
    assert.ok(await chat.locator("#mode option[value=task]").isDisabled());
  },
};

export default { name: "restricted mode", trust: true, scenarios };
