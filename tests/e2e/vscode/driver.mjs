// What scenarios do to the editor, in words of its user.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { until } from "./workbench.mjs";

export const line = (w, text) => w.page.locator(".editor-instance .view-line", { hasText: text }).first();
export const lens = (w, text) => w.page.locator(".codelens-decoration a", { hasText: text });
/** Lenses that accept one hunk. */
export const accepts = (w) => w.page.locator(".codelens-decoration a", { hasText: /Accept/ });
export const row = (w, text) => w.page.locator(".pane .monaco-list-row", { hasText: text }).first();
export const notifications = (w) => w.page.locator(".notifications-toasts .notification-list-item");
export const activeTab = (w, name) => w.page.locator(`.tab.active[data-resource-name='${name}']`).first();

const reviewPane = (w) => w.page.locator(".pane", { has: w.page.locator(".pane-header", { hasText: /^Review/i }) });

/** Press a key in the Review view, until `done`: the view may be drawn anew at that moment. */
export async function inReview(w, key, done) {
  const pane = reviewPane(w);
  for (let i = 0; ; i++) {
    await until("the review has the focus", () => pane.evaluate((each) => each.contains(document.activeElement)));
    await w.contextKeys();
    await w.page.keyboard.press(key);
    try {
      return await until(`${key} did it`, done, i < 3 ? 6000 : 20_000);
    } catch (error) {
      if (i >= 3) throw error;
      await w.command("Treewright: Review Proposals");
    }
  }
}

/** The cursor into the editor that shows `text`, for keys that act on the hunk there. */
export async function at(w, text) {
  await line(w, text).click();
  await until("the editor has the focus", () =>
    w.page.evaluate(() => document.activeElement?.closest(".editor-instance") !== null),
  );
  await w.contextKeys();
}

/** Click until `done`: what is clicked may be drawn anew between press and release. */
export async function click(locator, done) {
  for (let i = 0; ; i++) {
    await locator.click();
    try {
      return await until("the click did it", done, i < 3 ? 3000 : 20_000);
    } catch (error) {
      if (i >= 3) throw error;
    }
  }
}

export function log(w) {
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
}

/** Ids of the server processes below the editor. */
export function servers(w) {
  const found = [];
  for (const pid of fs.readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    try {
      const command = fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      const environment = fs.readFileSync(`/proc/${pid}/environ`, "utf8");
      const ours = environment.includes(`TREEWRIGHT_HOME=${w.tmp}/treewright`);
      if (ours && command.includes("treewright_server") && command.includes("serve")) found.push(Number(pid));
    } catch {
      // it has ended
    }
  }
  return found;
}

// ---------------------------------------------------------------- chat

export async function openChat(w) {
  await w.command("Treewright: Ask About Code…");
  const chat = await w.webview("#input");
  await until("the input has the focus", () => chat.evaluate(() => document.activeElement?.id === "input"));
  await until("the server is there", async () => !/not running/.test(await chat.locator("#banner").innerText()));
  return chat;
}

export async function say(chat, text, mode) {
  if (mode) await chat.locator("#mode").selectOption(mode);
  const before = await chat.locator("article.assistant").count();
  await chat.locator("#input").fill(text);
  await chat.locator("#input").press("Enter");
  await until("the answer has begun", async () => (await chat.locator("article.assistant").count()) > before);
}

export const lastTurn = (chat) => chat.locator("article.assistant").last();

export const answered = (chat) =>
  until("the answer is complete", async () => (await lastTurn(chat).getAttribute("aria-busy")) === "false", 60_000);

/** Ask for a change in the chat and open its proposal. */
export async function proposed(w, request) {
  const chat = await openChat(w);
  await say(chat, request, "task");
  await answered(chat);
  const review = lastTurn(chat).locator(".card button").first();
  await review.waitFor();
  await review.click();
  await until("the review has the focus", () => reviewPane(w).evaluate((each) => each.contains(document.activeElement)));
  return chat;
}

/** Ask for an export of the feedback. Returns the file that it was told to write. */
export async function exported(w, format = "messages") {
  await w.command("Treewright: Export Feedback…");
  await w.page.locator(".quick-input-list .monaco-list-row", { hasText: format }).first().click();
  const target = path.join(w.folder, "export.jsonl");
  await w.page.locator(".quick-input-titlebar", { hasText: "Export Feedback" }).waitFor();
  const box = w.page.locator(".quick-input-widget input.input");
  // The dialog lists the folder first, and puts a name of its own in.
  await w.page.locator(".quick-input-list .monaco-list-row").first().waitFor();
  await until("the folder is named", async () => (await box.inputValue()).startsWith("/"));
  await w.contextKeys();
  await box.fill(target);
  await w.contextKeys();
  await w.page.keyboard.press("Enter");
  await box.waitFor({ state: "hidden" });
  return target;
}

/** Accessibility problems of the Review view. The rows, their ticks and their order of tabs are VS Code's own; ours are names and icons. */
export async function auditReview(w) {
  const theirs = /^(nested-interactive|tabindex|aria-allowed-attr|aria-required-children|region|page-has-heading-one|label-content-name-mismatch|scrollable-region-focusable)/;
  return (await w.audit(w.page.mainFrame(), ".pane-body .tree-explorer-viewlet-tree-view")).filter((each) => !theirs.test(each));
}

// ---------------------------------------------------------------- editing

/** Ask for an edit of what is at the cursor. */
export async function editHere(w, instruction) {
  await w.command("Treewright: Edit Selection…");
  const box = w.page.locator(".quick-input-widget input.input");
  await box.waitFor();
  await w.page.locator(".quick-input-titlebar", { hasText: /^Edit / }).waitFor();
  await box.fill(instruction);
  await w.page.locator(".quick-input-list .monaco-list-row", { hasText: instruction }).first().waitFor();
  await w.page.keyboard.press("Enter");
}

export async function written(w, name, text) {
  let last = "";
  try {
    await until(`${name} is as expected`, async () => {
      await w.save();
      last = w.read(name);
      return last === text;
    });
  } catch {
    assert.equal(last, text, name);
  }
}

/** Undo until the file is what it was; each step is one that the user would press. */
export async function undoTo(w, name, text, most = 12) {
  for (let i = 0; i < most && w.read(name) !== text; i++) {
    const before = w.read(name);
    await w.goTo(1);
    await w.page.keyboard.press("Control+z");
    await until("undo did something", async () => {
      await w.save();
      return w.read(name) !== before;
    }, 5000).catch(() => undefined);
  }
  assert.equal(w.read(name), text, "undo takes all of it back exactly");
}
