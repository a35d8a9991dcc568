// Review of proposals of several files.
import assert from "node:assert/strict";
import { answered, at, auditReview, inReview, line, log, openChat, proposed, row, say } from "../driver.mjs";
import { CART, HOSTILE, PRICES } from "../project.mjs";
import { sleep, until } from "../workbench.mjs";

/** What this part of them does not exceed. */
const quantile = (times, part) => [...times].sort((a, b) => a - b)[Math.ceil(times.length * part) - 1];
const median = (times) => quantile(times, 0.5);
const p95 = (times) => quantile(times, 0.95);
const ROUNDS = 20;

const saveAll = (w) => w.command("File: Save All").catch(() => undefined);

const scenarios = {
  "a rename is reviewed in the tree: files, ticks, checks; applied at once; undone": async (w) => {
    await proposed(w, "rename total to sum_up everywhere");
    await row(w, "prices.py").waitFor({ timeout: 15_000 });
    await row(w, "Verification").waitFor();
    assert.equal(w.read("shop/prices.py"), PRICES, "nothing is written before it is applied");
    await row(w, "total → sum_up").click();
    await w.page.locator(".tab.active", { hasText: "proposed" }).waitFor();
    await w.page.locator(".editor.modified .view-line", { hasText: "sum_up" }).first().waitFor();
    await sleep(700);
    await w.picture("review");
    const problems = await auditReview(w);
    await w.command("Treewright: Review Proposals");
    await inReview(w, "Control+Enter", async () => (await row(w, "total → sum_up").count()) === 0);
    await until("both files are changed", () => saveAll(w).then(() => w.read("shop/prices.py").includes("def sum_up(") && w.read("shop/cart.py").includes("return sum_up(")));
    await w.open("prices.py");
    await at(w, "def sum_up");
    await w.page.keyboard.press("Control+z");
    const all = w.page.getByRole("button", { name: /Undo in \d+ Files/ });
    await Promise.race([all.waitFor().then(() => all.click()), line(w, "def total").waitFor()]);
    await line(w, "def total").waitFor();
    await until("one undo takes all of it back", () => saveAll(w).then(() => w.read("shop/prices.py") === PRICES && w.read("shop/cart.py") === CART));
    assert.deepEqual(problems, []);
    await w.command("View: Close All Editors");
  },

  "21 hunks in 11 files are applied at once": async (w) => {
    const seen = [];
    for (let round = 0; round < ROUNDS; round++) {
      const [from, to] = round % 2 ? ["other_name", "wide_name"] : ["wide_name", "other_name"];
      await proposed(w, `rename ${from} to ${to} everywhere`);
      await row(w, "m0.py").waitFor({ timeout: 15_000 });
      await w.open("many/base.py", "manybase");
      await w.command("Treewright: Review Proposals");
      // What the user sees: from the key to the frame with the new text in the open editor.
      await w.page.evaluate((to) => {
        let pressed = 0;
        globalThis.seen = 0;
        addEventListener("keydown", (event) => event.key === "Enter" && event.ctrlKey && (pressed = performance.now()), true);
        const editor = document.querySelector(".editor-instance .view-lines");
        new MutationObserver((_, observer) => {
          if (!pressed || !editor.textContent.includes(to)) return;
          observer.disconnect();
          globalThis.seen = performance.now() - pressed;
        }).observe(editor, { childList: true, subtree: true, characterData: true });
      }, to);
      await inReview(w, "Control+Enter", async () => (await row(w, "m0.py").count()) === 0);
      seen.push(Math.round(await until("the editor shows it", () => w.page.evaluate(() => globalThis.seen))));
      await until("it is written", () => saveAll(w).then(() => w.read("many/base.py").includes(to) && w.read("many/m9.py").includes(to)));
    }
    const told = [...log(w).matchAll(/applied (\d+) hunks in (\d+) files: edit ready after ([\d.]+) ms, text after (\d+) ms/g)].filter((each) => Number(each[1]) >= 20);
    assert.equal(told.length, ROUNDS);
    const [edits, texts] = [3, 4].map((group) => told.map((each) => Number(each[group])));
    await w.command("View: Close All Editors");
    // The goal is 50 ms for 95 of 100. Every second one is held to more than that: a machine that
    // does other things meanwhile is late now and then, and a request to the server is later always.
    for (const times of [seen, texts]) assert.ok(median(times) < 100, `${times.join(", ")} ms`);
    assert.ok(median(edits) < 10, `${edits.join(", ")} ms`);
    const of = (times) => `median ${median(times)} ms, p95 ${p95(times)} ms, longest ${Math.max(...times)} ms`;
    return `key to text on the screen: ${of(seen)}; command to text in all files: ${of(texts)}; the edit itself: ${of(edits)}`;
  },

  "a proposal that got stale is not applied, and is offered again": async (w) => {
    await proposed(w, "rename total to sum_up everywhere");
    await row(w, "prices.py").waitFor({ timeout: 15_000 });
    await w.open("prices.py");
    await line(w, "def total").waitFor();
    await w.goTo(19, 6);
    await w.page.keyboard.type("X");
    await w.command("Treewright: Review Proposals");
    await row(w, "out of date").waitFor();
    await w.shot("stale");
    await inReview(w, "Control+Enter", async () => (await w.page.locator(".notifications-toasts", { hasText: "has changed since" }).count()) > 0);
    assert.equal(w.read("shop/cart.py"), CART, "nothing of it is applied");
    await w.command("Notifications: Clear All Notifications");
    await w.open("prices.py");
    await w.command("File: Revert File");
    await line(w, "def total").waitFor();
    await w.command("Treewright: Review Proposals");
    await row(w, "out of date").hover();
    await row(w, "out of date").getByRole("button", { name: "Plan Again on the Current Text" }).click();
    await until("it is up to date", async () => (await row(w, "out of date").count()) === 0 && (await row(w, "ticked").count()) > 0);
    await row(w, "ticked").hover();
    await row(w, "ticked").getByRole("button", { name: "Reject the Proposal" }).click();
    await until("the list is empty", async () => (await row(w, "total → sum_up").count()) === 0);
    assert.equal(w.read("shop/prices.py"), PRICES);
    await w.command("View: Close All Editors");
  },

  "names of files that are markup stay text": async (w) => {
    const chat = await proposed(w, "rename cheapest to lowest everywhere");
    await row(w, "onerror=hacked").waitFor({ timeout: 15_000 });
    await w.shot("hostile-name");
    const shown = await row(w, "onerror=hacked").innerText();
    assert.ok(shown.includes(HOSTILE.slice(0, 30)), shown);
    await say(chat, "Who calls cheapest?", "ask");
    await answered(chat);
    await w.open(HOSTILE, "oddonerror", "onerror=hacked"); // a colon would start a line number; VS Code draws $(trash) as an icon
    await openChat(w);
    await chat.locator("#chips .chip", { hasText: "onerror=hacked" }).first().waitFor();
    const inChat = await chat.evaluate(() => ({ images: document.querySelectorAll("img").length, hacked: globalThis.hacked ?? 0 }));
    assert.deepEqual(inChat, { images: 0, hacked: 0 });
    assert.equal(await w.page.evaluate(() => globalThis.hacked ?? 0), 0);
    await w.command("Treewright: Review Proposals");
    await row(w, "ticked").hover();
    await row(w, "ticked").getByRole("button", { name: "Reject the Proposal" }).click();
    await until("the list is empty", async () => (await row(w, "cheapest → lowest").count()) === 0);
    await w.command("View: Close All Editors");
  },
};

export default { name: "review", scenarios };
