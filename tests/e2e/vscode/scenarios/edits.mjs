// Edits that a scripted model makes, hunk by hunk, and what is told of them.
import assert from "node:assert/strict";
import fs from "node:fs";
import { accepts, at, click, editHere, exported, inReview, lastTurn, line, openChat, row, say, undoTo, written } from "../driver.mjs";
import { CART, PRICES } from "../project.mjs";
import { sleep, until } from "../workbench.mjs";

const finish = { calls: [["finish", { summary: "Better words" }]] };
const replace = (search, text) => ["edit_file", { file_path: "shop/prices.py", search, replace: text }];

/** Three hunks: one in a line, one that grows, one in a line. */
const THREE = [
  { calls: [
    replace('"""An amount in cents."""', '"""An amount of money, in cents."""'),
    replace('    """Sum of all prices, with tax."""', '    """The sum of all prices.\n\n    Tax is added to each of them.\n    """'),
    replace('"""The lowest of the prices."""', '"""The lowest price."""'),
  ] },
  finish,
];
const ONE = [{ calls: [replace('"""The lowest of the prices."""', '"""The lowest price."""')] }, finish];

async function offered(w, model, replies, hunks) {
  model.script.length = 0;
  model.next(...structuredClone(replies));
  await w.open("prices.py");
  await w.goTo(20, 5);
  await editHere(w, "Say it better");
  await until(`${hunks} hunks are offered`, async () => (await accepts(w).count()) === hunks, 120_000);
  await w.command("Notifications: Clear All Notifications");
}

const left = (w, hunks) => until(`${hunks} hunks are left`, async () => (await accepts(w).count()) === hunks);
/** One hunk in each of two files, slowly. */
const TWO_FILES = [
  { calls: [replace('"""The lowest of the prices."""', '"""The lowest price."""')], wait: 600 },
  { calls: [["edit_file", { file_path: "shop/cart.py", search: '"""Holds what the customer wants to buy."""', replace: '"""What the customer wants to buy."""' }]], wait: 600 },
  { ...finish, wait: 600 },
];

const outcome = (w, kind) => w.feedback(`${kind} is recorded`, (events) => events.some((each) => each.kind === kind));

const scenarios = {
  "an inline edit: one hunk accepted, one rejected, while the user types elsewhere": async (w, model) => {
    await offered(w, model, THREE, 3);
    await sleep(500);
    await w.picture("inline-edit");
    await w.save();
    assert.equal(w.read("shop/prices.py"), PRICES);
    await w.goTo(1, 1);
    await w.page.keyboard.type("# typed by the user meanwhile\n");
    await at(w, "An amount in cents");
    await w.page.keyboard.press("Alt+Enter");
    await left(w, 2);
    await at(w, "Sum of all prices");
    await w.page.keyboard.press("Alt+Backspace");
    await left(w, 1);
    await click(accepts(w).first(), async () => (await accepts(w).count()) === 0);
    const expected = `# typed by the user meanwhile\n${PRICES.replace("An amount in cents", "An amount of money, in cents").replace("The lowest of the prices.", "The lowest price.")}`;
    await written(w, "shop/prices.py", expected);
    await outcome(w, "accepted_in_part");
    await undoTo(w, "shop/prices.py", PRICES);
    await outcome(w, "reverted");
    await w.command("View: Close All Editors");
  },

  "keys go from hunk to hunk, and all are taken at once and undone at once": async (w, model) => {
    await offered(w, model, THREE, 3);
    await at(w, "TAX = 0.19");
    for (const [key, expected] of [["Alt+F5", 10], ["Alt+F5", 20], ["Alt+F5", 25], ["Shift+Alt+F5", 20]]) {
      await w.page.keyboard.press(key);
      await w.page.locator(".statusbar-item", { hasText: `Ln ${expected}, Col` }).first().waitFor({ timeout: 10_000 });
    }
    await w.contextKeys();
    await w.page.keyboard.press("Control+Alt+Enter");
    await left(w, 0);
    await until("all of it is in", async () => {
      await w.save();
      return ["An amount of money", "Tax is added", "The lowest price"].every((each) => w.read("shop/prices.py").includes(each));
    });
    await w.page.keyboard.press("Control+z");
    await written(w, "shop/prices.py", PRICES);
    await w.command("View: Close All Editors");
  },

  "a hunk whose own text is changed is taken out, and the others stay right": async (w, model) => {
    await offered(w, model, THREE, 3);
    await w.goTo(10, 10);
    await w.page.keyboard.type("XX");
    await left(w, 2);
    await at(w, "Sum of all prices");
    await w.page.keyboard.press("Control+Alt+Backspace");
    await left(w, 0);
    await w.command("File: Revert File");
    await line(w, "An amount in cents").waitFor();
    await written(w, "shop/prices.py", PRICES);
    await w.command("Treewright: Review Proposals");
    if ((await row(w, "out of date").count()) > 0) {
      await row(w, "out of date").hover();
      await row(w, "out of date").getByRole("button", { name: "Reject the Proposal" }).click();
    }
    await outcome(w, "rejected");
    await w.command("View: Close All Editors");
  },

  "a task shows its steps as they happen; one of its files is accepted, the other is not": async (w, model) => {
    model.script.length = 0;
    model.next(...structuredClone(TWO_FILES));
    const chat = await openChat(w);
    await say(chat, "Say shorter what the cart and the lowest price are", "task");
    const steps = lastTurn(chat).locator(".steps li");
    const seen = new Set();
    await until("the answer is complete", async () => {
      if ((await lastTurn(chat).getAttribute("aria-busy")) === "false") return true;
      seen.add(await steps.count());
      return false;
    }, 120_000);
    assert.ok(seen.size > 2, `how many steps were shown, one after the other: ${[...seen].join(", ")}`);
    assert.match(await lastTurn(chat).locator(".rung").innerText(), /Language model/);
    assert.match(await lastTurn(chat).locator(".cost").innerText(), /tokens in/);
    await w.picture("task");
    await lastTurn(chat).locator(".card button").first().click();
    const tick = row(w, "cart.py").locator(".monaco-custom-toggle, .custom-view-tree-node-item-checkbox").first();
    await tick.waitFor({ timeout: 15_000 });
    await w.page.keyboard.press("Home");
    await click(tick, async () => (await row(w, "1 of 2 hunks ticked").count()) > 0);
    assert.equal(w.read("shop/cart.py"), CART);
    await w.command("Treewright: Review Proposals");
    await inReview(w, "Control+Enter", async () => (await row(w, "cart.py").count()) === 0);
    await until("the ticked one is in", async () => {
      await w.command("File: Save All").catch(() => undefined);
      return w.read("shop/prices.py") === PRICES.replace("The lowest of the prices.", "The lowest price.");
    });
    assert.equal(w.read("shop/cart.py"), CART, "what was not ticked stays");
    await outcome(w, "accepted_in_part");
    await w.open("prices.py");
    await undoTo(w, "shop/prices.py", PRICES);
    await w.command("View: Close All Editors");
  },

  "an edit that takes long is cancelled: the model is let go, nothing is offered": async (w, model) => {
    model.script.length = 0;
    model.next({ text: "wait ".repeat(4000), pause: 50 });
    const [asked, closed] = [model.requests.length, model.closed];
    await w.open("prices.py");
    await w.goTo(20, 5);
    await editHere(w, "Say it better, slowly");
    await until("the model is asked", () => model.requests.length > asked, 60_000);
    const toast = w.page.locator(".notifications-toasts .notification-list-item", { hasText: "Editing: Say it better, slowly" }).first();
    await toast.waitFor({ timeout: 20_000 });
    await toast.hover();
    await toast.getByRole("button", { name: "Cancel" }).first().click();
    await until("the model is let go", () => model.closed > closed, 20_000);
    await toast.waitFor({ state: "detached", timeout: 20_000 });
    assert.equal(await accepts(w).count(), 0);
    assert.equal(w.read("shop/prices.py"), PRICES);
    await w.command("View: Close All Editors");
  },

  "what is edited after it was accepted is known": async (w, model) => {
    await offered(w, model, ONE, 1);
    await at(w, "The lowest of the prices");
    await w.page.keyboard.press("Alt+Enter");
    await left(w, 0);
    await outcome(w, "accepted");
    await w.goTo(25, 20);
    await w.page.keyboard.type("very ");
    await w.save(); // the user is content with it
    await outcome(w, "edited");
    await undoTo(w, "shop/prices.py", PRICES);
    await w.command("View: Close All Editors");
  },

  "what was decided is exported to a file": async (w, model) => {
    await offered(w, model, ONE, 1);
    await at(w, "The lowest of the prices");
    await w.page.keyboard.press("Alt+Backspace");
    await left(w, 0);
    await outcome(w, "rejected");
    const target = await exported(w, "kto");
    await w.page.locator(".notifications-toasts", { hasText: /written to|nothing to export/ }).waitFor({ timeout: 30_000 });
    const rows = fs.readFileSync(target, "utf8").trim().split("\n").map((each) => JSON.parse(each));
    assert.ok(rows.some((each) => each.label === false), JSON.stringify(rows[0]).slice(0, 300));
    fs.rmSync(target);
    await w.command("Notifications: Clear All Notifications");
    await w.command("View: Close All Editors");
  },

  "a proposal that is dismissed is told apart from one that is rejected": async (w, model) => {
    await offered(w, model, ONE, 1);
    await w.command("Treewright: Dismiss the Proposal");
    await left(w, 0);
    await outcome(w, "expired");
    assert.equal(w.read("shop/prices.py"), PRICES);
    assert.equal(w.read("shop/cart.py"), CART);
    await w.command("View: Close All Editors");
  },
};

const settings = (model) => ({ "treewright.agent.openaiBaseUrl": model.url, "treewright.agent.model": "scripted" });

export default { name: "a scripted model that edits", settings, scenarios };
