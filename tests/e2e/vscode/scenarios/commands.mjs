// The commands of the palette and of the menus, each for what it says.
import assert from "node:assert/strict";
import { answered, exported, lastTurn, line, log, row } from "../driver.mjs";
import { PRICES } from "../project.mjs";
import { until } from "../workbench.mjs";

/** The chat, once a question stands in it that a command has asked. */
async function asked(w, question) {
  const chat = await w.webview("#input");
  await chat.locator("article.user", { hasText: question }).last().waitFor({ timeout: 20_000 });
  await chat.locator("article.assistant").last().waitFor();
  await answered(chat);
  return chat;
}

/** Type into the input box that a command opens. */
async function fill(w, title, text) {
  await w.page.locator(".quick-input-titlebar", { hasText: title }).waitFor();
  await w.page.locator(".quick-input-widget input.input").fill(text);
  await w.page.keyboard.press("Enter");
}

/** What the submenu of the editor's context menu offers at a line. */
async function offered(w, number, column, text) {
  await w.goTo(number, column);
  const submenu = w.page.locator(".monaco-menu .action-item", { hasText: /^Treewright/ }).first();
  await until("the menu is open", async () => {
    await line(w, text).click({ button: "right" });
    return submenu.waitFor({ timeout: 3000 }).then(() => true, () => false);
  });
  await submenu.hover();
  await w.page.locator(".monaco-submenu .action-item", { hasText: "Find Similar Code" }).waitFor({ timeout: 10_000 });
  const found = await w.page.locator(".monaco-submenu .action-item").allInnerTexts();
  await w.page.keyboard.press("Escape");
  await w.page.keyboard.press("Escape");
  await until("the menu is closed", async () => (await w.page.locator(".monaco-menu").count()) === 0 || (await w.page.keyboard.press("Escape"), false));
  return found.join("\n");
}

const scenarios = {
  "the context menu of the editor offers what fits the file": async (w) => {
    await w.open("prices.py");
    const everywhere = ["Ask About Code", "Explain This", "Find Similar Code", "Show Callers and Impact", "Edit Selection", "Write Tests for This", "Refactor the Workspace", "Add Selection to the Chat"];
    const plain = await offered(w, 19, 6, "def total");
    for (const name of everywhere) assert.ok(plain.includes(name), `${name}: ${plain}`);
    assert.ok(!plain.includes("Fix This Diagnostic"), plain);
    await w.open("cart.py");
    await w.page.locator(".squiggly-warning, .squiggly-unnecessary, .squiggly-info").first().waitFor({ timeout: 30_000 });
    await w.contextKeys();
    const problem = await offered(w, 15, 10, "def add");
    assert.ok(problem.includes("Fix This Diagnostic"), problem);
    await w.command("View: Close All Editors");
  },

  "explain and write tests ask about what is at the cursor": async (w) => {
    await w.open("prices.py");
    await w.goTo(19, 6);
    await w.command("Treewright: Explain This");
    const chat = await asked(w, /Explain `?total/);
    assert.match(await lastTurn(chat).innerText(), /total/);
    await w.open("prices.py");
    await w.goTo(24, 6);
    await w.command("Treewright: Write Tests for This");
    await asked(w, /Write tests for `?cheapest/);
    assert.equal(w.read("shop/prices.py"), PRICES);
    await w.command("View: Close All Editors");
  },

  "similar code is listed": async (w) => {
    await w.open("prices.py");
    await w.goTo(19, 6);
    await w.command("Treewright: Find Similar Code");
    const pane = w.page.locator(".pane", { has: w.page.locator(".pane-header", { hasText: "like shop/prices.py:19" }) });
    await pane.locator(".monaco-list-row", { hasText: /line.\d+/ }).first().waitFor({ timeout: 30_000 });
    await w.command("View: Close All Editors");
  },

  "a task and a refactoring are told in words and put up for review": async (w) => {
    for (const [command, title] of [["Treewright: Run a Task…", "Run a Task"], ["Treewright: Refactor the Workspace…", "Refactor the Workspace"]]) {
      await w.command(command);
      await fill(w, title, "rename LIMIT to MOST everywhere");
      const chat = await asked(w, "rename LIMIT to MOST everywhere");
      await lastTurn(chat).locator(".card", { hasText: "LIMIT" }).waitFor();
    }
    const chat = await w.webview("#input");
    await lastTurn(chat).locator(".card button").first().click();
    // One place may be wrong, and says why: the f-string prints the name.
    await row(w, "the f-string prints the name itself").waitFor({ timeout: 15_000 });
    await w.shot("risk");
    await w.command("Treewright: Show the Verification Report");
    const report = await w.webview("h2:has-text('What was checked')");
    assert.match(await report.locator("body").innerText(), /Look at these first[^]*report\.py:5: the f-string prints the name itself/);
    await w.shot("report");
    for (let left = 2; left > 0 && (await row(w, "ticked").count()) > 0; left--) {
      await w.command("Treewright: Review Proposals");
      await row(w, "ticked").hover();
      await row(w, "ticked").getByRole("button", { name: "Reject the Proposal" }).click();
      await w.contextKeys();
    }
    await until("the list is empty", async () => (await row(w, "ticked").count()) === 0);
    await w.command("View: Close All Editors");
  },

  "a selection and the problems of a file go along with a message": async (w) => {
    await w.open("cart.py");
    await w.page.locator(".squiggly-warning, .squiggly-unnecessary, .squiggly-info").first().waitFor({ timeout: 30_000 });
    await w.goTo(15, 1);
    await w.page.keyboard.press("Shift+ArrowDown");
    await w.command("Treewright: Ask About Code…");
    const chat = await w.webview("#input");
    await chat.locator("#chips .chip", { hasText: /cart\.py:15/ }).first().waitFor();
    await chat.locator("#add").click();
    await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "Problems of this file" }).first().click();
    await chat.locator("#chips .chip", { hasText: /\d+ problem/ }).waitFor();
    await chat.locator("#input").fill("What is wrong here?");
    await chat.locator("#input").press("Enter");
    await asked(w, "What is wrong here?");
    const chips = (await chat.locator("article.user").last().locator(".chip").allInnerTexts()).join("\n");
    assert.match(chips, /cart\.py:15/);
    assert.match(chips, /\d+ problem/);
    await w.command("View: Close All Editors");
  },

  "an export of nothing is said to be one": async (w) => {
    await exported(w);
    await w.page.locator(".notifications-toasts", { hasText: "There is nothing to export" }).waitFor({ timeout: 30_000 });
    await w.command("Notifications: Clear All Notifications");
  },

  "the log is shown, and the server is restarted": async (w) => {
    await w.command("Treewright: Show the Log");
    await w.page.locator(".panel .view-line", { hasText: "activated in" }).first().waitFor({ timeout: 20_000 });
    await w.command("View: Hide Panel");
    await w.command("Treewright: Restart the Server");
    await until("it is a new one", () => log(w).split("using treewright").length > 2, 60_000);
    assert.match(log(w), /starting the server: the user asked for it/);
    await w.indexed();
  },
};

export default { name: "commands", scenarios };
