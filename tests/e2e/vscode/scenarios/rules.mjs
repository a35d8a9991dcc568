// What works without any model: status, lenses, fixes, search, answers from search and the graph.
import assert from "node:assert/strict";
import { accepts, activeTab, answered, at, lastTurn, lens, line, log, openChat, row, say, undoTo, written } from "../driver.mjs";
import { CART } from "../project.mjs";
import { sleep, until } from "../workbench.mjs";

const scenarios = {
  "the server is found, the index fills, and the status bar says so": async (w) => {
    assert.match(log(w), /using treewright \S+ with Python 3\.\d+\.\d+ from the setting/);
    await w.command("Treewright: Show Index Status");
    const pick = w.page.locator(".quick-input-widget");
    await pick.locator(".monaco-list-row", { hasText: /\d+ files, \d+ symbols/ }).waitFor();
    await pick.locator(".monaco-list-row", { hasText: "Model: none" }).waitFor();
    await w.page.keyboard.press("Escape");
  },

  "how long activation takes": async (w) => {
    const found = /activated in ([\d.]+) ms, loaded in ([\d.]+) ms \(([\d.]+) ms of processor time\)/.exec(log(w));
    assert.ok(found, log(w));
    const [, activated, loaded, processor] = found.map(Number);
    assert.ok(processor < 100, `${processor} ms of the extension host`);
    return `${processor} ms of processor time; ${(activated + loaded).toFixed(0)} ms by the clock`;
  },

  "the walkthrough opens, and each of its steps has its picture": async (w) => {
    await w.command("Treewright: Open the Walkthrough");
    const steps = w.page.locator(".gettingStartedContainer .step-title, .getting-started-step .step-title");
    await steps.first().waitFor({ timeout: 30_000 });
    const titles = (await steps.allInnerTexts()).filter((each) => each);
    for (const title of ["Start the server", "Find code by meaning", "Edit a selection", "See callers and impact", "Ask"])
      assert.ok(titles.some((each) => each.includes(title)), `${title}: ${titles.join(", ")}`);
    await w.shot("walkthrough");
    await w.command("View: Close All Editors");
  },

  "lenses count references and tests, and ask": async (w) => {
    await w.open("cart.py");
    await lens(w, "2 references").first().waitFor({ timeout: 30_000 });
    await lens(w, "1 test").first().waitFor();
    await lens(w, "Ask").first().click();
    const chat = await w.webview("#input");
    await chat.locator("#chips .chip", { hasText: "Cart" }).first().waitFor();
    await w.command("View: Close All Editors");
  },

  "a diagnostic is fixed: shown, accepted with a key, undone": async (w) => {
    await w.open("cart.py");
    await w.page.locator(".squiggly-warning, .squiggly-unnecessary, .squiggly-info").first().waitFor({ timeout: 30_000 });
    await w.goTo(3, 9);
    await w.command("Treewright: Fix This Diagnostic");
    const choice = w.page.locator(".quick-input-list .monaco-list-row", { hasText: "Remove unused import" }).first();
    const accept = lens(w, "Accept").first();
    await Promise.race([choice.waitFor(), accept.waitFor()]);
    if (await choice.isVisible()) await choice.click();
    await accept.waitFor();
    await w.picture("fix");
    await w.save();
    assert.equal(w.read("shop/cart.py"), CART, "nothing is written before it is accepted");
    await at(w, "import os");
    await w.page.keyboard.press("Alt+Enter");
    await accept.waitFor({ state: "hidden" });
    await until("the import is gone", async () => {
      await w.save();
      return !w.read("shop/cart.py").includes("import os");
    });
    await undoTo(w, "shop/cart.py", CART);
    await w.command("View: Close All Editors");
  },

  "search by meaning opens the place, lists all, and says what was of use": async (w) => {
    await w.command("Treewright: Search Code by Meaning…");
    await w.page.locator(".quick-input-titlebar", { hasText: "Search Code by Meaning" }).waitFor();
    await w.page.keyboard.type("sum of all prices with tax", { delay: 5 });
    const first = w.page.locator(".quick-input-list .monaco-list-row", { hasText: "total" }).first();
    await first.waitFor({ timeout: 20_000 });
    await w.picture("search");
    await first.click();
    await activeTab(w, "prices.py").waitFor();
    await w.feedback("the result was opened", (events) => events.some((each) => each.kind === "opened"));
    await w.command("Treewright: Search Code by Meaning…");
    await w.page.locator(".quick-input-titlebar", { hasText: "Search Code by Meaning" }).waitFor();
    await w.page.keyboard.type("what a customer pays", { delay: 5 });
    await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "checkout" }).first().waitFor();
    await w.page.locator(".quick-input-titlebar .action-label[aria-label^='Show all']").click();
    await row(w, "checkout").hover();
    await row(w, "checkout").getByRole("button", { name: "This Was It" }).click();
    await w.feedback("the result was used", (events) => events.some((each) => each.kind === "used"));
    await w.shot("found-code");
    await w.command("Treewright: None of the Results Was It");
    await w.command("View: Close All Editors");
  },

  "an answer without a model says so, cites what it rests on, and is rated": async (w) => {
    const chat = await openChat(w);
    await say(chat, "Who calls total?", "ask");
    await answered(chat);
    const turn = lastTurn(chat);
    assert.match(await turn.locator(".rung").innerText(), /Search and graph, no model/);
    assert.match(await turn.locator(".markdown").innerText(), /Cart\.checkout/);
    await chat.evaluate(() => document.querySelector("#log").scrollTo(0, 0));
    await sleep(300);
    await w.picture("chat");
    await turn.locator(".source", { hasText: "cart.py" }).first().click();
    await activeTab(w, "cart.py").waitFor();
    const good = turn.getByRole("button", { name: "A good answer" });
    await good.click();
    await until("the rating is shown", async () => (await good.getAttribute("aria-pressed")) === "true");
    await w.feedback("the answer was rated", (events) => events.some((each) => each.kind === "rated"));
    assert.deepEqual(await w.audit(chat), []);
    await w.command("View: Close All Editors");
  },

  "context is added and taken away": async (w) => {
    await w.open("prices.py");
    const chat = await openChat(w);
    await chat.locator("#chips .chip", { hasText: "prices.py" }).waitFor();
    await chat.locator("#add").click();
    await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "A symbol" }).first().waitFor();
    await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "A symbol" }).first().click();
    const name = w.page.locator(".quick-input-widget input.input");
    await until("the name is asked for", async () => (await w.page.locator(".quick-input-message", { hasText: "Name of the symbol" }).count()) > 0);
    await name.fill("cheapest");
    await w.page.keyboard.press("Enter");
    await w.page.locator(".quick-input-list .monaco-list-row", { hasText: "prices.py" }).first().click();
    await chat.locator("#chips .chip", { hasText: "cheapest" }).waitFor();
    await chat.getByRole("button", { name: "Remove prices.py from the context" }).click();
    await until("the chip is gone", async () => (await chat.locator("#chips .chip", { hasText: "prices.py" }).count()) === 0);
    await say(chat, "What is this?", "ask");
    await answered(chat);
    const chips = await chat.locator("article.user").last().locator(".chip").allInnerTexts();
    assert.deepEqual(chips.map((each) => each.trim()), ["cheapest"]);
    await w.command("View: Close All Editors");
  },

  "the feedback report is shown, without scripts": async (w) => {
    await w.command("Treewright: Show What Became of Proposals");
    const report = await w.webview("main[tabindex] h1");
    await until("it is the report", async () => /treewright/i.test(await report.locator("h1").first().innerText()));
    assert.equal(await report.evaluate(() => document.querySelectorAll("script[src], img[src^=http], link").length), 0);
    await w.picture("feedback");
    await w.command("View: Close All Editors");
  },
};

export default { name: "rules and search", scenarios };
