// The extension in a real VS Code, as a user has it.
//
//   make e2e-vscode            (tests/e2e/vscode/setup.sh, then this)
//   node tests/e2e/vscode/run.mjs [--only=word] [--pictures=FOLDER]
//
// CODE_SERVER      the folder that setup.sh made (default: build/code-server)
// TREEWRIGHT_PYTHON  a Python that has treewright (default: .venv/bin/python)
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { Model } from "./model.mjs";
import { Workbench, canRun, root, sleep, until } from "./workbench.mjs";

const option = (name) => process.argv.find((each) => each.startsWith(`--${name}=`))?.split("=")[1];
const only = option("only");
const pictures = option("pictures");
const out = path.join(root, "build/vscode-e2e");

if (!canRun()) {
  console.error("code-server or treewright.vsix is missing: run `make extension` and tests/e2e/vscode/setup.sh");
  process.exit(2);
}

const PRICES = `"""Prices with and without tax."""

from dataclasses import dataclass

TAX = 0.19


@dataclass
class Price:
    """An amount in cents."""

    cents: int

    def with_tax(self) -> "Price":
        """The price that a customer pays."""
        return Price(round(self.cents * (1 + TAX)))


def total(prices: list[Price]) -> Price:
    """Sum of all prices, with tax."""
    return Price(sum(price.with_tax().cents for price in prices))


def cheapest(prices: list[Price]) -> Price:
    """The lowest of the prices."""
    return min(prices, key=lambda price: price.cents)
`;
const CART = `"""A cart that a customer fills."""

import os

from shop.prices import Price, total


class Cart:
    """Holds what the customer wants to buy."""

    def __init__(self) -> None:
        self.prices: list[Price] = []

    def add(self, cents: int) -> None:
        self.prices.append(Price(cents))

    def checkout(self) -> Price:
        """What the customer has to pay in the end."""
        return total(self.prices)
`;
const TEST = `from shop.cart import Cart


def test_checkout():
    cart = Cart()
    cart.add(1000)
    assert cart.checkout().cents == 1190
`;
const many = (n, each) => Array.from({ length: n }, (_, i) => each(i));
const HUB = [
  `def hub():\n    return [${many(260, (i) => `leaf_${i}()`).join(", ")}]\n`,
  ...many(260, (i) => `def leaf_${i}():\n    return ${i}\n`),
  ...many(260, (i) => `def caller_${i}():\n    return hub()\n`),
].join("\n\n");
const files = {
  "pyproject.toml": '[project]\nname = "shop"\nversion = "0"\n',
  "shop/__init__.py": '"""A small shop."""\n',
  "shop/prices.py": PRICES,
  "shop/cart.py": CART,
  "tests/test_cart.py": TEST,
  "shop/hub.py": HUB,
  ...Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`many/m${i}.py`, `from many.base import wide_name\n\n\ndef f${i}():\n    return wide_name()\n`])),
  "many/__init__.py": "",
  "many/base.py": "def wide_name():\n    return 1\n",
};

const results = [];
let failed = 0;

async function session(name, options, tests) {
  const wanted = Object.entries(tests).filter(([title]) => !only || title.includes(only));
  if (wanted.length === 0) return;
  const model = await Model.start();
  const settings = typeof options.settings === "function" ? options.settings(model) : (options.settings ?? {});
  const w = await Workbench.start({ files, out, ...options, settings });
  w.model = model;
  let broken = false;
  try {
    if (!options.trust) await w.indexed();
    for (const [title, test] of wanted) {
      const begun = Date.now();
      try {
        const said = await test(w, model);
        results.push(title);
        console.log(`ok    ${title} (${((Date.now() - begun) / 1000).toFixed(1)} s)${said ? `: ${said}` : ""}`);
      } catch (error) {
        failed++;
        broken = true;
        await w.shot(`failure-${title.replace(/\W+/g, "-")}`).catch(() => undefined);
        console.log(`FAIL  ${title}\n${error.stack}\n${log(w).split("\n").slice(-15).join("\n")}`);
        await w.page.keyboard.press("Escape").catch(() => undefined);
      }
    }
  } finally {
    const csp = w.console.filter((line) => /Content Security Policy/.test(line) && /treewright/i.test(line));
    if (csp.length) {
      failed++;
      console.log(`FAIL  a webview broke its own policy\n${csp.join("\n")}`);
    }
    model.stop();
    await w.stop({ keep: broken && process.env.KEEP === "1" });
  }
}

const picture = async (w, name, options) => {
  await w.shot(name, options);
  if (pictures) fs.copyFileSync(path.join(out, `${name}.png`), path.join(pictures, `vscode-${name}.png`));
};

const line = (w, text) => w.page.locator(".editor-instance .view-line", { hasText: text }).first();
/** Press a key in the Review view, once it has the focus. */
const inReview = async (w, key) => {
  const pane = w.page.locator(".pane", { has: w.page.locator(".pane-header", { hasText: /^Review/i }) });
  await until("the review has the focus", () => pane.evaluate((each) => each.contains(document.activeElement)));
  await sleep(300); // the context keys follow the focus
  await w.page.keyboard.press(key);
};
const lens = (w, text) => w.page.locator(".codelens-decoration a", { hasText: text });
const row = (w, text) => w.page.locator(".pane .monaco-list-row", { hasText: text }).first();
const notifications = (w) => w.page.locator(".notifications-toasts .notification-list-item");
const log = (w) => {
  const found = [];
  const look = (folder) => {
    for (const each of fs.readdirSync(folder, { withFileTypes: true })) {
      const file = path.join(folder, each.name);
      if (each.isDirectory()) look(file);
      else if (each.name === "Treewright.log") found.push(fs.readFileSync(file, "utf8"));
    }
  };
  look(path.join(w.tmp, "data", "logs"));
  return found.join("\n");
};
/** Ids of the server processes below the editor. */
const servers = (w) => {
  const found = [];
  for (const pid of fs.readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    try {
      const command = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const environment = fs.readFileSync(`/proc/${pid}/environ`, "utf8");
      if (command.includes("treewright_server") && command.includes("serve") && environment.includes(`TREEWRIGHT_HOME=${w.tmp}/treewright`)) found.push(Number(pid));
    } catch {
      // it has ended
    }
  }
  return found;
};
const say = async (chat, text) => {
  const before = await chat.locator("article.assistant").count();
  await chat.locator("#input").fill(text);
  await chat.locator("#input").press("Enter");
  await until("the answer has begun", async () => (await chat.locator("article.assistant").count()) > before);
};
const openChat = async (w) => {
  await w.command("Treewright: Ask About Code…");
  const chat = await w.webview("#input");
  await until("the input has the focus", () => chat.evaluate(() => document.activeElement?.id === "input"));
  await sleep(200);
  return chat;
};
const lastTurn = (chat) => chat.locator("article.assistant").last();
const answered = (chat) => until("the answer is complete", async () => (await lastTurn(chat).getAttribute("aria-busy")) === "false", 30_000);

// ------------------------------------------------------------------ without a model

await session("rules and search", {}, {
  "the server is found, the index fills, and the status bar says so": async (w) => {
    await w.indexed();
    assert.match(log(w), /using treewright \S+ with Python 3\.\d+\.\d+ from the setting/);
    await w.command("Treewright: Show Index Status");
    const pick = w.page.locator(".quick-input-widget");
    await pick.locator(".monaco-list-row", { hasText: /\d+ files, \d+ symbols/ }).waitFor();
    await pick.locator(".monaco-list-row", { hasText: "Model: none" }).waitFor();
    await w.page.keyboard.press("Escape");
  },

  "how long activation takes": async (w) => {
    await w.command("Developer: Show Running Extensions");
    const item = w.page.locator(".runtime-extensions-editor .extension", { hasText: "Treewright" });
    const text = await until("the time is known", async () => {
      const said = await item.locator(".activation-time").innerText();
      return /\d+\s*ms/.test(said) ? said : undefined;
    });
    const ms = Number(/(\d+)\s*ms/.exec(text)[1]);
    await w.command("View: Close Editor");
    return `${ms} ms`;
  },

  "lenses count references and tests": async (w) => {
    await w.open("cart.py");
    await lens(w, "2 references").first().waitFor({ timeout: 30_000 });
    await lens(w, "1 test").first().waitFor();
    await lens(w, "Ask").first().waitFor();
  },

  "a diagnostic is fixed: shown, accepted with a key, undone": async (w) => {
    await w.open("cart.py");
    await w.page.locator(".squiggly-warning, .squiggly-unnecessary, .squiggly-info").first().waitFor({ timeout: 30_000 });
    await w.goTo(3, 9);
    await w.command("Treewright: Fix This Diagnostic");
    const choice = w.page.locator(".quick-input-list .monaco-list-row", { hasText: "Remove unused import" }).first();
    const accept = lens(w, "Accept").first();
    await Promise.race([choice.waitFor({ timeout: 20_000 }), accept.waitFor({ timeout: 20_000 })]);
    if (await choice.isVisible()) await choice.click();
    await accept.waitFor();
    await picture(w, "fix");
    await w.save();
    assert.equal(w.read("shop/cart.py"), CART, "nothing is written before it is accepted");
    await line(w, "import os").click();
    await w.page.keyboard.press("Alt+Enter");
    await accept.waitFor({ state: "hidden" });
    await w.save();
    await until("the import is gone", () => !w.read("shop/cart.py").includes("import os"));
    await w.page.keyboard.press("Control+z");
    await w.save();
    await until("undo brings it back exactly", () => w.read("shop/cart.py") === CART);
  },

  "search by meaning opens the place": async (w) => {
    await w.command("Treewright: Search Code by Meaning…");
    await w.page.locator(".quick-input-titlebar", { hasText: "Search Code by Meaning" }).waitFor();
    await w.page.keyboard.type("sum of all prices with tax", { delay: 5 });
    const first = w.page.locator(".quick-input-list .monaco-list-row", { hasText: "total" }).first();
    await first.waitFor({ timeout: 20_000 });
    await picture(w, "search");
    await first.click();
    await w.page.locator(".tab.active[data-resource-name='prices.py']").waitFor();
  },

  "the graph shows callers, and a click opens the code": async (w) => {
    await w.open("prices.py");
    await w.goTo(19, 6);
    await w.command("Treewright: Show Callers and Impact");
    const graph = await w.webview("#picture canvas");
    await graph.locator("#list .row", { hasText: "Cart.checkout" }).waitFor();
    await picture(w, "graph");
    assert.deepEqual(await w.audit(graph), []);
    await graph.locator("#list").focus();
    await w.page.keyboard.press("ArrowDown");
    await w.page.keyboard.press("Enter");
    await w.page.locator(".tab.active[data-resource-name='cart.py']").waitFor();
    await graph.locator("select").first().selectOption("impact");
    await graph.locator("#list .row", { hasText: "test_checkout" }).waitFor({ timeout: 15_000 }).catch(async () => {
      await graph.locator("select").nth(1).selectOption("2");
      await graph.locator("#list .row", { hasText: "test_checkout" }).waitFor();
    });
    await w.command("View: Close All Editors");
  },

  "the graph stays usable at 500 symbols": async (w) => {
    w.writeSettings({ "treewright.graph.limit": 500 });
    await w.open("hub.py");
    await w.goTo(1, 6);
    await sleep(500);
    const begun = Date.now();
    await w.command("Treewright: Show Callers and Impact");
    const graph = await w.webview("#picture canvas");
    await graph.locator(".summary", { hasText: "500 symbols" }).waitFor({ timeout: 30_000 });
    const shown = Date.now() - begun;
    const box = await graph.locator("#picture").boundingBox();
    const frames = await graph.evaluate(async () => {
      // While the wheel zooms: the longest time between two frames.
      let longest = 0;
      let last = performance.now();
      let running = true;
      const tick = () => {
        const now = performance.now();
        longest = Math.max(longest, now - last);
        last = now;
        if (running) requestAnimationFrame(tick);
      };
      requestAnimationFrame(tick);
      const picture = document.querySelector("#picture");
      for (let i = 0; i < 20; i++) {
        picture.querySelector("canvas").dispatchEvent(new WheelEvent("wheel", { deltaY: i % 2 ? 40 : -40, bubbles: true, clientX: 100, clientY: 100 }));
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      running = false;
      return longest;
    });
    assert.ok(box.width > 100);
    await w.shot("graph-500");
    await w.command("View: Close All Editors");
    return `drawn after ${shown} ms, longest frame while zooming ${frames.toFixed(0)} ms`;
  },

  "an answer without a model says so and cites what it rests on": async (w) => {
    const chat = await openChat(w);
    await say(chat, "Who calls total?");
    await answered(chat);
    const turn = lastTurn(chat);
    assert.match(await turn.locator(".rung").innerText(), /Search and graph, no model/);
    assert.match(await turn.locator(".markdown").innerText(), /Cart\.checkout/);
    await chat.evaluate(() => document.querySelector("#log").scrollTo(0, 0));
    await picture(w, "chat");
    await turn.locator(".source", { hasText: "cart.py" }).first().click();
    await w.page.locator(".tab.active[data-resource-name='cart.py']").waitFor();
    assert.deepEqual(await w.audit(chat), []);
  },

  "a rename is reviewed in the tree: files, ticks, checks; applied at once; undone": async (w) => {
    const chat = await openChat(w);
    await chat.locator("#mode").selectOption("task");
    await say(chat, "rename total to sum_up everywhere");
    await answered(chat);
    const review = lastTurn(chat).locator(".card button");
    await review.waitFor();
    await review.click();
    await row(w, "prices.py").waitFor({ timeout: 15_000 });
    await row(w, "Verification").waitFor();
    assert.equal(w.read("shop/prices.py"), PRICES, "nothing is written before it is applied");
    await row(w, "total → sum_up").click();
    await w.page.locator(".tab.active", { hasText: "proposed" }).waitFor();
    await sleep(700);
    await picture(w, "review");
    // The rows, their ticks and their order of tabs are VS Code's own; ours are names and icons.
    const problems = (await w.audit(w.page.mainFrame(), ".pane-body .tree-explorer-viewlet-tree-view")).filter((each) => !/^(nested-interactive|tabindex|aria-allowed-attr|aria-required-children|region|page-has-heading-one|label-content-name-mismatch|scrollable-region-focusable)/.test(each));
    await w.command("Treewright: Review Proposals");
    await inReview(w, "Control+Enter");
    await until("the review is over", async () => (await row(w, "total → sum_up").count()) === 0);
    await w.command("File: Save All").catch(() => undefined);
    await until("both files are changed", () => w.read("shop/prices.py").includes("def sum_up(") && w.read("shop/cart.py").includes("return sum_up("));
    await w.open("prices.py");
    await line(w, "def sum_up").click();
    await w.page.keyboard.press("Control+z");
    const all = w.page.getByRole("button", { name: /Undo in \d+ Files/ });
    await all.click({ timeout: 5000 }).catch(() => undefined);
    await line(w, "def total").waitFor();
    await w.command("File: Save All").catch(() => undefined);
    await until("one undo takes all of it back", () => w.read("shop/prices.py") === PRICES && w.read("shop/cart.py") === CART);
    assert.deepEqual(problems, []);
  },

  "21 hunks in 11 files are applied at once": async (w) => {
    for (let round = 0; round < 8; round++) {
      const [from, to] = round % 2 ? ["other_name", "wide_name"] : ["wide_name", "other_name"];
      const chat = await openChat(w);
      await chat.locator("#mode").selectOption("task");
      await say(chat, `rename ${from} to ${to} everywhere`);
      await answered(chat);
      await lastTurn(chat).locator(".card button").click();
      await row(w, "m0.py").waitFor({ timeout: 15_000 });
      await inReview(w, "Control+Enter");
      await until("the review is over", async () => (await row(w, "m0.py").count()) === 0);
      await w.command("File: Save All").catch(() => undefined);
      await until("it is written", () => w.read("many/base.py").includes(to));
      await sleep(600);
    }
    const times = [...log(w).matchAll(/applied (\d+) hunks in (\d+) files: text after (\d+) ms/g)].filter((each) => Number(each[1]) >= 20).map((each) => Number(each[3]));
    assert.equal(times.length, 8);
    times.sort((a, b) => a - b);
    await w.command("View: Close All Editors");
    return `${times.join(", ")} ms`;
  },

  "a proposal that got stale is not applied, and is offered again": async (w) => {
    const chat = await openChat(w);
    await chat.locator("#mode").selectOption("task");
    await say(chat, "rename cheapest to lowest everywhere");
    await answered(chat);
    await lastTurn(chat).locator(".card button").click();
    await lens(w, "Accept").first().waitFor({ timeout: 15_000 });
    await sleep(1000); // the editor takes the focus
    await line(w, "def cheapest").click();
    await w.goTo(24, 8);
    await w.page.keyboard.type("X");
    await w.page.keyboard.press("Alt+Enter");
    await sleep(300);
    await w.command("Treewright: Review Proposals");
    await row(w, "out of date").waitFor({ timeout: 10_000 });
    await w.open("prices.py");
    await w.command("File: Revert File");
    await w.command("Treewright: Review Proposals");
    await row(w, "out of date").hover();
    await row(w, "out of date").getByRole("button", { name: "Plan Again on the Current Text" }).click();
    await until("it is up to date", async () => (await row(w, "out of date").count()) === 0);
    await row(w, "cheapest → lowest").waitFor();
    await row(w, "ticked").hover();
    await row(w, "ticked").getByRole("button", { name: "Reject the Proposal" }).click();
    await until("the list is empty", async () => (await row(w, "cheapest → lowest").count()) === 0);
    assert.equal(w.read("shop/prices.py"), PRICES);
  },

  "a server that is killed comes back, and what was open is indexed": async (w) => {
    const [pid] = servers(w);
    process.kill(pid, "SIGKILL");
    await until("another one runs", () => servers(w).length > 0 && servers(w)[0] !== pid, 20_000);
    await w.indexed();
    assert.match(log(w), /the server ended; starting it again in 0\.5 s/);
    const chat = await openChat(w);
    await chat.locator("#mode").selectOption("ask");
    await say(chat, "Who calls total?");
    await answered(chat);
    assert.match(await lastTurn(chat).innerText(), /Cart\.checkout/);
  },

  "an interpreter that will not do is said, and the right one is taken up again": async (w) => {
    const python = w.settings["treewright.server.interpreter"];
    w.writeSettings({ "treewright.server.interpreter": "/nowhere/python" });
    await until("the status bar says so", async () => (await w.status().innerText()).includes("no server"));
    await notifications(w).filter({ hasText: "there is no such file" }).first().waitFor();
    await w.command("Notifications: Clear All Notifications");
    w.writeSettings({ "treewright.server.interpreter": python });
    await w.indexed();
  },

  "the views fit into 280 pixels": async (w) => {
    const chat = await openChat(w);
    const frame = await chat.frameElement();
    await w.page.evaluate(() => undefined);
    for (const [name, view] of [["chat", chat]]) {
      for (const width of [280, 320, 500]) {
        const over = await view.evaluate(async (width) => {
          document.documentElement.style.width = `${width}px`;
          document.body.style.width = `${width}px`;
          await new Promise((resolve) => setTimeout(resolve, 50));
          const wide = [...document.body.querySelectorAll("*")].filter((each) => {
            const scrolls = (element) => element && (getComputedStyle(element).overflowX !== "visible" || scrolls(element.parentElement));
            return each.getBoundingClientRect().right > width + 1 && !scrolls(each.parentElement) && each.getBoundingClientRect().width > 1;
          });
          const result = { scroll: document.body.scrollWidth - width, wide: wide.map((each) => each.outerHTML.slice(0, 80)) };
          document.documentElement.style.width = "";
          document.body.style.width = "";
          return result;
        }, width);
        assert.ok(over.scroll <= 0 && over.wide.length === 0, `${name} at ${width}: ${JSON.stringify(over)}`);
      }
    }
    assert.ok(frame);
  },

  "dark and high contrast themes have no accessibility problems either": async (w) => {
    for (const theme of ["Default Dark Modern", "Default High Contrast", "Default High Contrast Light"]) {
      w.writeSettings({ "workbench.colorTheme": theme });
      await sleep(1500);
      const chat = await openChat(w);
      assert.deepEqual(await w.audit(chat), [], theme);
      if (theme === "Default Dark Modern") await picture(w, "chat-dark");
    }
  },
});

// ------------------------------------------------------------------ with a scripted model

await session("a scripted model", {
  settings: (model) => ({ "treewright.agent.openaiBaseUrl": model.url, "treewright.agent.model": "scripted" }),
}, {
  "an answer streams; how long its first words take after the model's": async (w, model) => {
    await w.indexed();
    const chat = await openChat(w);
    const words = Array.from({ length: 120 }, (_, i) => `word${i}`).join(" ");
    model.next({ text: `Look at shop/prices.py:19. ${words}`, pause: 25 });
    await chat.evaluate(() => {
      globalThis.firstText = 0;
      new MutationObserver(() => {
        const text = [...document.querySelectorAll("article.assistant .markdown")].at(-1)?.textContent;
        if (text && !globalThis.firstText) globalThis.firstText = Date.now();
      }).observe(document.body, { childList: true, subtree: true, characterData: true });
    });
    await say(chat, "What does total do?");
    await until("some of it is shown", async () => (await lastTurn(chat).locator(".markdown").innerText()).includes("word3"));
    assert.equal(await lastTurn(chat).getAttribute("aria-busy"), "true", "it is shown while it streams");
    assert.ok(await chat.locator("#stop").isVisible());
    await answered(chat);
    const wait = (await chat.evaluate(() => globalThis.firstText)) - model.firstPiece;
    const turn = lastTurn(chat);
    assert.match(await turn.locator(".markdown").innerText(), /word119/);
    assert.match(await turn.locator(".rung").innerText(), /Language model/);
    assert.match(await turn.locator(".cost").innerText(), /tokens in/);
    await turn.locator(".source", { hasText: "prices.py:19" }).waitFor();
    return `${wait} ms`;
  },

  "an answer can be stopped and asked again": async (w, model) => {
    const chat = await openChat(w);
    model.next({ text: "endless ".repeat(400), pause: 30 });
    await say(chat, "Talk for ever");
    await until("it has begun", async () => (await lastTurn(chat).locator(".markdown").innerText()).includes("endless"));
    await chat.locator("#stop").click();
    await answered(chat);
    assert.match(await lastTurn(chat).locator(".foot").innerText(), /Stopped/);
    await until("the model is let go", () => model.closed > 0);
    model.next({ text: "The second try." });
    await lastTurn(chat).getByRole("button", { name: "Ask again" }).click();
    await until("the new answer is there", async () => /The second try/.test(await lastTurn(chat).innerText()));
    assert.equal(await chat.locator("article.user").count(), 2, "the question stands there once");
  },

  "hostile Markdown stays text": async (w, model) => {
    const chat = await openChat(w);
    model.next({ text: `<img src=x onerror="globalThis.hacked=1"> <script>globalThis.hacked=1</script> [click](javascript:globalThis.hacked=1) [run](command:workbench.action.quit) ![p](https://evil.example/x.png)\n\n<style>body{display:none}</style>\n\n\`\`\`html\n<b>bold</b>\n\`\`\`` });
    await say(chat, "Be evil");
    await answered(chat);
    const found = await chat.evaluate(() => ({
      tags: [...document.querySelectorAll(".markdown *")].map((each) => each.tagName).filter((tag) => ["IMG", "SCRIPT", "A", "STYLE", "IFRAME", "B"].includes(tag)),
      hacked: globalThis.hacked ?? 0,
      shown: getComputedStyle(document.body).display,
    }));
    assert.deepEqual(found, { tags: [], hacked: 0, shown: "flex" });
    assert.match(await lastTurn(chat).innerText(), /<script>/);
  },

  "conversations are kept": async (w) => {
    const chat = await openChat(w);
    await w.command("Treewright: New Conversation");
    await chat.locator(".welcome").waitFor();
    await w.command("Treewright: Conversation History");
    await chat.locator("#history .row", { hasText: "What does total do?" }).click();
    await chat.locator("article.user", { hasText: "What does total do?" }).waitFor();
  },

  "a gigantic message is cut, and said so": async (w, model) => {
    const chat = await openChat(w);
    await w.command("Treewright: New Conversation");
    await chat.locator(".welcome").waitFor();
    model.next({ text: "That was long." });
    const before = await chat.locator("article.assistant").count();
    await chat.evaluate(() => {
      const input = document.querySelector("#input");
      input.value = "x".repeat(150_000);
      input.dispatchEvent(new Event("input"));
    });
    await chat.locator("#input").press("Enter");
    await until("the answer has begun", async () => (await chat.locator("article.assistant").count()) > before);
    await answered(chat);
    assert.match(await lastTurn(chat).innerText(), /cut to 100,000 characters/);
  },
});

await session("a scripted model that edits", {
  settings: (model) => ({ "treewright.agent.openaiBaseUrl": model.url, "treewright.agent.model": "scripted" }),
}, {
  "an inline edit: one hunk accepted, one rejected, while the user types elsewhere": async (w, model) => {
    await w.open("prices.py");
    await w.goTo(20, 5);
    model.next(
      { calls: [
        ["edit_file", { file_path: "shop/prices.py", search: '"""An amount in cents."""', replace: '"""An amount of money, in cents."""' }],
        ["edit_file", { file_path: "shop/prices.py", search: '    """Sum of all prices, with tax."""', replace: '    """The sum of all prices.\n\n    Tax is added to each of them.\n    """' }],
        ["edit_file", { file_path: "shop/prices.py", search: '"""The lowest of the prices."""', replace: '"""The lowest price."""' }],
      ] },
      { calls: [["finish", { summary: "Better words" }]] },
    );
    await w.command("Treewright: Edit Selection…");
    const box = w.page.locator(".quick-input-widget input.input");
    await box.waitFor();
    await box.fill("Say it better");
    await w.page.keyboard.press("Enter");
    await lens(w, "Accept").first().waitFor({ timeout: 120_000 });
    await until("three hunks are offered", async () => (await lens(w, "Accept").count()) === 3);
    await sleep(800);
    await picture(w, "inline-edit");
    await w.save();
    assert.equal(w.read("shop/prices.py"), PRICES);
    await w.goTo(1, 1);
    await w.page.keyboard.type("# typed by the user meanwhile\n");
    await line(w, "An amount in cents").click();
    await w.page.keyboard.press("Alt+Enter");
    await until("two hunks are left", async () => (await lens(w, "Accept").count()) === 2);
    await w.page.keyboard.press("Alt+Backspace"); // the next one: the docstring of total
    await until("one hunk is left", async () => (await lens(w, "Accept").count()) === 1);
    await lens(w, "Accept").first().click();
    await until("none is left", async () => (await lens(w, "Accept").count()) === 0);
    await w.save();
    const expected = `# typed by the user meanwhile\n${PRICES.replace("An amount in cents", "An amount of money, in cents").replace("The lowest of the prices.", "The lowest price.")}`;
    await until("accepted hunks are in, the rejected one is not", () => w.read("shop/prices.py") === expected);
    for (let i = 0; i < 12 && w.read("shop/prices.py") !== PRICES; i++) {
      await w.goTo(1);
      await w.page.keyboard.press("Control+z");
      await w.save();
      await sleep(150);
    }
    assert.equal(w.read("shop/prices.py"), PRICES, "undo takes all of it back exactly");
  },

  "outcomes reach the feedback store": async (w) => {
    await w.command("Treewright: Restart the Server"); // what is known is written when it ends
    await sleep(1500);
    const { spawnSync } = await import("node:child_process");
    const python = w.settings["treewright.server.interpreter"];
    const shown = spawnSync(python, ["-m", "treewright_server", "feedback", "show", "--json"], { env: { ...process.env, TREEWRIGHT_HOME: path.join(w.tmp, "treewright") }, encoding: "utf8" });
    const outcomes = JSON.parse(shown.stdout).map((each) => each.outcome);
    assert.ok(outcomes.some((each) => ["accepted_in_part", "reverted", "edited"].includes(each)), JSON.stringify(outcomes));
    return outcomes.join(", ");
  },
});

// ------------------------------------------------------------------ a workspace that is not trusted

await session("restricted mode", { trust: true }, {
  "nothing is changed or run in a workspace that is not trusted": async (w) => {
    // The interpreter of the settings is the user's own, so the server runs and reads.
    await until("the server runs", async () => (await w.status().innerText()).includes("Treewright"), 60_000);
    await sleep(3000);
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
});

console.log(`${results.length} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
