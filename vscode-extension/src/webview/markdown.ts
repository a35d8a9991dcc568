/**
 * Markdown of a model, or of anything else that is not to be trusted, as elements.
 *
 * **Invariants.** No text is ever parsed as HTML: tags in it are shown as they are written.
 * Nothing is loaded: a picture is its description. A link does nothing by itself; the extension
 * shows its address and asks. What was rendered stays as it is while more text arrives behind it.
 */

import { Lexer, type Token, type Tokens } from "marked";
import { button, h } from "./dom";

export interface Handlers {
  /** An `http:` or `https:` address was clicked. */
  link(href: string): void;
  /** `[2]` in the text was clicked; only numbers for which `isCitation` holds are buttons. */
  cite(number: number): void;
  isCitation(number: number): boolean;
  copy(text: string): void;
  insert(text: string): void;
}

/** Nested deeper than this is shown as it is written. */
const DEEPEST = 40;
/** Longer texts are shown in part, with a button for the rest. */
export const LONGEST = 200_000;

/** Renders a text that grows. */
export class Markdown {
  readonly element = h("div", { class: "markdown" });
  private raws: string[] = [];
  private whole = false;
  private text = "";
  private cited = "";

  constructor(private readonly handlers: Handlers) {}

  /** Show `text`; blocks that are the same as before keep their elements. */
  update(text: string, citations = ""): void {
    this.text = text;
    const shown = this.whole || text.length <= LONGEST ? text : text.slice(0, LONGEST);
    const tokens = lex(shown);
    if (citations !== this.cited) {
      this.cited = citations; // numbers that were text are buttons now
      this.raws = [];
    }
    let same = 0;
    while (same < this.raws.length && same < tokens.length && this.raws[same] === tokens[same]?.raw) same++;
    while (this.element.childNodes.length > same) this.element.lastChild?.remove();
    for (const token of tokens.slice(same)) this.element.append(block(token, this.handlers, 0));
    this.raws = tokens.map((token) => token.raw);
    if (shown.length < text.length) this.offerRest();
  }

  private offerRest(): void {
    const rest = this.text.length - LONGEST;
    const more = h("button", { class: "more" }, `Show ${rest.toLocaleString("en")} more characters`);
    more.type = "button";
    more.addEventListener("click", () => {
      this.whole = true;
      this.raws = [];
      this.update(this.text, this.cited);
    });
    this.element.append(more);
  }
}

function lex(text: string): Token[] {
  try {
    return new Lexer({ gfm: true, breaks: false })
      .lex(text)
      .filter((token) => token.type !== "space" && token.type !== "def");
  } catch {
    return [{ type: "paragraph", raw: text, text, tokens: [{ type: "text", raw: text, text }] }];
  }
}

function block(token: Token, handlers: Handlers, depth: number): Node {
  if (depth > DEEPEST) return document.createTextNode(token.raw);
  const inlineOf = (tokens: Token[] | undefined): Node[] =>
    (tokens ?? []).map((each) => inline(each, handlers, depth + 1));
  const blocksOf = (tokens: Token[] | undefined): Node[] =>
    (tokens ?? []).filter((each) => each.type !== "space").map((each) => block(each, handlers, depth + 1));
  switch (token.type) {
    case "heading": {
      // The page has its own headings above these.
      const level = Math.min(6, (token as Tokens.Heading).depth + 2) as 3 | 4 | 5 | 6;
      return h(`h${level}`, {}, ...inlineOf(token.tokens));
    }
    case "paragraph":
      return h("p", {}, ...inlineOf(token.tokens));
    case "code":
      return code(token as Tokens.Code, handlers);
    case "blockquote":
      return h("blockquote", {}, ...blocksOf(token.tokens));
    case "hr":
      return h("hr");
    case "list": {
      const list = token as Tokens.List;
      const element = h(list.ordered ? "ol" : "ul");
      if (list.ordered && typeof list.start === "number" && list.start !== 1)
        element.setAttribute("start", String(list.start));
      for (const item of list.items) {
        const mark = item.task ? `${item.checked ? "☑" : "☐"} ` : "";
        element.append(h("li", {}, mark, ...blocksOf(item.tokens.filter((each) => each.type !== "checkbox"))));
      }
      return element;
    }
    case "table": {
      const table = token as Tokens.Table;
      const cells = (row: Tokens.TableCell[], tag: "th" | "td"): Node[] =>
        row.map((cell) => h(tag, {}, ...inlineOf(cell.tokens)));
      const head = h("thead", {}, h("tr", {}, ...cells(table.header, "th")));
      const body = h("tbody", {}, ...table.rows.map((row) => h("tr", {}, ...cells(row, "td"))));
      const frame = h("div", { class: "table", role: "group", "aria-label": "Table" }, h("table", {}, head, body));
      frame.tabIndex = 0; // it scrolls sideways
      return frame;
    }
    case "html":
      return h("p", { class: "raw" }, token.raw.trimEnd());
    case "text": // a tight list item
      return token.tokens ? h("span", {}, ...inlineOf(token.tokens)) : document.createTextNode(token.raw);
    default:
      return inline(token, handlers, depth);
  }
}

function inline(token: Token, handlers: Handlers, depth: number): Node {
  if (depth > DEEPEST) return document.createTextNode(token.raw);
  const inside = (tokens: Token[] | undefined): Node[] =>
    (tokens ?? []).map((each) => inline(each, handlers, depth + 1));
  switch (token.type) {
    case "strong":
      return h("strong", {}, ...inside(token.tokens));
    case "em":
      return h("em", {}, ...inside(token.tokens));
    case "del":
      return h("del", {}, ...inside(token.tokens));
    case "codespan":
      return h("code", {}, unescaped((token as Tokens.Codespan).text));
    case "br":
      return h("br");
    case "link":
      return link(token as Tokens.Link, inside(token.tokens), handlers);
    case "image": {
      const image = token as Tokens.Image;
      return h("span", { class: "raw" }, `[picture: ${unescaped(image.text) || image.href}]`);
    }
    case "html":
      return document.createTextNode(token.raw);
    case "escape":
      return document.createTextNode((token as Tokens.Escape).text);
    case "text":
      if (token.tokens) return h("span", {}, ...inside(token.tokens));
      return withCitations(unescaped((token as Tokens.Text).text), handlers);
    default:
      return document.createTextNode(token.raw);
  }
}

function link(token: Tokens.Link, inside: Node[], handlers: Handlers): Node {
  let protocol = "";
  try {
    protocol = new URL(token.href).protocol;
  } catch {
    protocol = "";
  }
  if (protocol !== "http:" && protocol !== "https:") return h("span", {}, ...inside);
  // Not an <a href>: VS Code would open that by itself, and the words may hide the address.
  const element = h("button", { class: "link", title: token.href }, ...inside);
  element.type = "button";
  element.addEventListener("click", () => handlers.link(token.href));
  return element;
}

function withCitations(text: string, handlers: Handlers): Node {
  const parts = text.split(/\[(\d{1,3})\]/);
  if (parts.length === 1) return document.createTextNode(text);
  const fragment = document.createDocumentFragment();
  parts.forEach((part, i) => {
    if (i % 2 === 0) return fragment.append(part);
    const number = Number(part);
    if (!handlers.isCitation(number)) return fragment.append(`[${part}]`);
    const element = h("button", { class: "cite", "aria-label": `Source ${part}` }, part);
    element.type = "button";
    element.addEventListener("click", () => handlers.cite(number));
    fragment.append(element);
  });
  return fragment;
}

function code(token: Tokens.Code, handlers: Handlers): Node {
  const language = (token.lang ?? "").trim().split(/\s+/)[0] ?? "";
  const shown = language.slice(0, 30) || "text";
  const pre = h("pre", { role: "group", "aria-label": `Code, ${shown}` }, h("code", {}, token.text));
  pre.tabIndex = 0; // it scrolls sideways
  const bar = h(
    "div",
    { class: "codebar" },
    h("span", {}, shown),
    button("Copy the code", "copy", () => handlers.copy(token.text)),
    button("Insert at the cursor", "insert", () => handlers.insert(token.text)),
  );
  return h("div", { class: "codeblock" }, bar, pre);
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'", nbsp: "\u00a0" };

/** The few entities that people write in Markdown; the others stay as they are. */
function unescaped(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}
