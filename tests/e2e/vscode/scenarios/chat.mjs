// The chat with a scripted model behind it.
import assert from "node:assert/strict";
import { answered, lastTurn, openChat, say } from "../driver.mjs";
import { until } from "../workbench.mjs";

const scenarios = {
  "an answer streams; how long its first words take after the model's": async (w, model) => {
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
    return `${wait} ms after the model's`;
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
    assert.equal(await chat.locator("article.user", { hasText: "Talk for ever" }).count(), 1, "the question stands there once");
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

  "conversations are kept": async (w, model) => {
    model.script.length = 0;
    model.next({ text: "It adds." });
    const chat = await openChat(w);
    await w.command("Treewright: New Conversation");
    await chat.locator(".welcome").waitFor();
    await say(chat, "What does addition do?");
    await answered(chat);
    await w.command("Treewright: New Conversation");
    await chat.locator(".welcome").waitFor();
    await w.command("Treewright: Conversation History");
    await chat.locator("#history .row", { hasText: "What does addition do?" }).click();
    await chat.locator("article.user", { hasText: "What does addition do?" }).waitFor();
    await chat.locator("article.assistant", { hasText: "It adds." }).waitFor();
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
};

const settings = (model) => ({ "treewright.agent.openaiBaseUrl": model.url, "treewright.agent.model": "scripted" });

export default { name: "a scripted model", settings, scenarios };
