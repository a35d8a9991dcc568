// The graph, themes and narrow windows.
import assert from "node:assert/strict";
import { auditReview, openChat, proposed, row } from "../driver.mjs";
import { sleep, until } from "../workbench.mjs";

const scenarios = {
  "the graph shows callers, and a click opens the code": async (w) => {
    await w.open("prices.py");
    await w.goTo(19, 6);
    await w.command("Treewright: Show Callers and Impact");
    const graph = await w.webview("#picture canvas");
    await graph.locator("#list .row", { hasText: "Cart.checkout" }).waitFor();
    await w.picture("graph");
    assert.deepEqual(await w.audit(graph), []);
    await graph.locator("#list").focus();
    await w.page.keyboard.press("ArrowDown");
    await w.page.keyboard.press("Enter");
    await w.page.locator(".tab.active[data-resource-name='cart.py']").waitFor();
    await graph.locator("select").first().selectOption("impact");
    await until("the impact is drawn", async () => (await graph.locator("select").nth(1).inputValue()) === "1");
    await graph.locator("select").nth(1).selectOption("2");
    await graph.locator("#list .row", { hasText: "test_checkout" }).waitFor();
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

  "the views fit into 280 pixels": async (w) => {
    const chat = await openChat(w);
    await w.open("prices.py");
    await w.goTo(19, 6);
    await w.command("Treewright: Show Callers and Impact");
    const graph = await w.webview("#picture canvas");
    await graph.locator("#list .row", { hasText: "Cart.checkout" }).waitFor();
    for (const [name, view] of [["chat", chat], ["graph", graph]]) {
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
    await w.command("View: Close All Editors");
  },

  "dark and high contrast themes have no accessibility problems either": async (w) => {
    await proposed(w, "rename total to sum_up everywhere");
    await row(w, "total → sum_up").waitFor({ timeout: 15_000 });
    for (const theme of ["Default Dark Modern", "Default High Contrast", "Default High Contrast Light"]) {
      w.writeSettings({ "workbench.colorTheme": theme });
      const kind = { "Default Dark Modern": "vscode-dark", "Default High Contrast": "vscode-high-contrast", "Default High Contrast Light": "vscode-high-contrast-light" }[theme];
      const chat = await openChat(w);
      await w.open("prices.py");
      await w.goTo(19, 6);
      await w.command("Treewright: Show Callers and Impact");
      const graph = await w.webview("#picture canvas");
      await graph.locator("#list .row", { hasText: "Cart.checkout" }).waitFor();
      for (const view of [chat, graph]) {
        await until(`the theme is ${theme}`, () => view.evaluate((kind) => document.body.classList.contains(kind), kind));
        await sleep(300); // colors fade in
        assert.deepEqual(await w.audit(view), [], theme);
      }
      await row(w, "total → sum_up").waitFor();
      assert.deepEqual(await auditReview(w), [], theme);
      if (theme === "Default Dark Modern") await w.picture("chat-dark");
    }
  },
};

export default { name: "views", scenarios };
