import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { parseHTML } from "linkedom";
import { LONGEST, Markdown, type Handlers } from "../src/webview/markdown";

let seen: string[] = [];
const handlers: Handlers = {
  link: (href) => seen.push(`link ${href}`),
  cite: (number) => seen.push(`cite ${number}`),
  isCitation: (number) => number === 1,
  copy: (text) => seen.push(`copy ${text}`),
  insert: (text) => seen.push(`insert ${text}`),
};

beforeEach(() => {
  seen = [];
  const { document } = parseHTML("<html><body></body></html>");
  Object.assign(globalThis, { document });
});

function render(text: string): Element {
  const markdown = new Markdown(handlers);
  markdown.update(text);
  return markdown.element;
}

test("the usual Markdown", () => {
  const element = render(
    "# Title\n\nSome **bold** `code` and a list:\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```py\nx = 1 < 2\n```",
  );
  assert.equal(element.querySelector("h3")?.textContent, "Title");
  assert.equal(element.querySelector("strong")?.textContent, "bold");
  assert.equal(element.querySelectorAll("li").length, 2);
  assert.equal(element.querySelectorAll("td").length, 2);
  assert.equal(element.querySelector("pre code")?.textContent, "x = 1 < 2");
});

const HOSTILE = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "text <b onclick=alert(1)>bold</b>",
  "[click](javascript:alert(1))",
  "[click](command:workbench.action.quit)",
  "[click](data:text/html,<script>alert(1)</script>)",
  "![picture](https://evil.example/track.png)",
  "<iframe src='https://evil.example'></iframe>",
  "<style>*{display:none}</style>",
  "<https://evil.example/?q=1>",
  "[a]: javascript:alert(1)\n\n[a]",
  "```html\n<script>alert(1)</script>\n```",
  "- <svg/onload=alert(1)>\n- ok",
  "| <img src=x> | b |\n|---|---|\n| <script>x</script> | 2 |",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
];

for (const text of HOSTILE) {
  test(`no markup of the model becomes markup of the page: ${text.slice(0, 40)}`, () => {
    const element = render(text);
    const allowed = new Set(
      "DIV P SPAN STRONG EM DEL CODE PRE UL OL LI TABLE THEAD TBODY TR TH TD BUTTON BR HR BLOCKQUOTE H3 H4 H5 H6".split(
        " ",
      ),
    );
    for (const each of element.querySelectorAll("*")) {
      assert.ok(allowed.has(each.tagName), `${each.tagName} was made`);
      for (const { name } of each.attributes)
        assert.ok(/^(class|title|type|role|aria-.*|tabindex|start|hidden)$/i.test(name), `attribute ${name}`);
    }
  });
}

test("an address is only ever handed to the extension", () => {
  const element = render("[here](https://example.org/x)");
  element
    .querySelector("button")
    ?.dispatchEvent(
      new (globalThis as unknown as { document: { defaultView: typeof globalThis } }).document.defaultView.Event(
        "click",
      ),
    );
  assert.deepEqual(seen, ["link https://example.org/x"]);
  assert.equal(render("[no](ftp://x/y)").querySelector("button"), null);
});

test("only numbers that have a source are sources", () => {
  const element = render("See [1] and [7], not `[1]`.");
  assert.deepEqual(
    [...element.querySelectorAll("button.cite")].map((each) => each.textContent),
    ["1"],
  );
  assert.match(element.textContent, /and \[7\], not \[1\]\./);
});

test("what was rendered stays while more arrives", () => {
  const markdown = new Markdown(handlers);
  markdown.update("First paragraph.\n\nSecond");
  const first = markdown.element.firstChild;
  markdown.update("First paragraph.\n\nSecond one.\n\n```py\nx");
  assert.equal(markdown.element.firstChild, first);
  assert.equal(markdown.element.childNodes.length, 3);
  assert.equal(markdown.element.querySelector("pre")?.textContent, "x");
});

test("a gigantic text is shown in part and then whole", () => {
  const markdown = new Markdown(handlers);
  const started = performance.now();
  markdown.update("word ".repeat(LONGEST));
  assert.ok(performance.now() - started < 3000);
  const more = markdown.element.querySelector<HTMLButtonElement>("button.more");
  assert.match(more?.textContent ?? "", /800,000 more characters/);
  assert.ok(markdown.element.textContent.length <= LONGEST + 100);
});

test("deep nesting does not break the page", () => {
  const element = render("> ".repeat(500) + "deep");
  assert.match(element.textContent, /deep/);
  assert.ok(render("*a".repeat(3000)).textContent.length > 0);
  assert.ok(render("[".repeat(3000)).textContent.length > 0);
});
