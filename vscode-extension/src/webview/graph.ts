/**
 * The code graph in the page: a picture for the mouse, and beside it the same symbols as a list
 * for the keyboard and for screen readers.
 */

import cytoscape, { type Core, type ElementDefinition } from "cytoscape";
import { layout, widthOf } from "../graph/layout";
import { merged } from "../graph/merge";
import type { FromGraph, GraphMode, ToGraph } from "../messages";
import type { EdgeKind, GraphNode, Neighbourhood } from "../protocol";
import { button, h, icon } from "./dom";
import { styles } from "./graph-styles";

const host = acquireVsCodeApi();
const post = (sent: FromGraph): void => host.postMessage(sent);

const MODES: [GraphMode, string][] = [
  ["around", "Around it"],
  ["callers", "Who calls it"],
  ["callees", "What it calls"],
  ["inheritance", "Inheritance"],
  ["imports", "Imports"],
  ["impact", "Impact of a change"],
];
const VERB: Record<EdgeKind, string> = {
  call: "calls",
  inherit: "inherits from",
  override: "overrides",
  use: "uses",
  import: "imports",
  member: "holds",
};
const KIND: Record<string, string> = {
  class: "symbol-class",
  function: "symbol-method",
  method: "symbol-method",
  constructor: "symbol-method",
  module: "symbol-module",
  variable: "symbol-variable",
  constant: "symbol-constant",
  field: "symbol-field",
  property: "symbol-property",
  interface: "symbol-interface",
  enum: "symbol-enum",
  struct: "symbol-structure",
};

// ---------------------------------------------------------------- the page

const modeSelect = h(
  "select",
  { "aria-label": "What is drawn" },
  ...MODES.map(([value, label]) => option(value, label)),
);
const depthSelect = h(
  "select",
  { "aria-label": "Steps from the symbol" },
  ...[1, 2, 3, 4].map((n) => option(String(n), `${n} step${n > 1 ? "s" : ""}`)),
);
const summary = h("span", { class: "summary", role: "status", "aria-live": "polite" });
const picture = h("div", { id: "picture", "aria-hidden": "true" });
const filter = h("input", { "aria-label": "Filter the list of symbols" });
filter.type = "search";
filter.placeholder = "Filter";
const list = h("div", { id: "list", role: "listbox", "aria-label": "Symbols in the graph" });
list.tabIndex = 0;
const detail = h("div", { id: "detail" });
document.body.append(
  h(
    "header",
    { class: "bar" },
    h("h1", { class: "silent" }, "Code Graph"),
    modeSelect,
    depthSelect,
    button("Zoom in", "zoom-in", () => zoom(1.3)),
    button("Zoom out", "zoom-out", () => zoom(1 / 1.3)),
    button("Show all", "screen-full", () =>
      graphics?.animate({ fit: { eles: graphics.elements(), padding: 24 }, duration: 150 }),
    ),
    summary,
  ),
  h("main", {}, picture, h("aside", { "aria-label": "Symbols" }, filter, list, detail)),
);
// Cytoscape would add a style sheet, which the policy of this page forbids; graph.css has the rule.
document.head.append(h("meta", { id: "__________cytoscape_stylesheet" }));

function option(value: string, label: string): HTMLOptionElement {
  const element = h("option", {}, label);
  element.value = value;
  return element;
}

modeSelect.addEventListener("change", () => post({ type: "mode", mode: modeSelect.value as GraphMode }));
depthSelect.addEventListener("change", () => post({ type: "depth", depth: Number(depthSelect.value) }));
filter.addEventListener("input", () => drawList());

// ---------------------------------------------------------------- state

let graph: Neighbourhood | undefined;
let graphics: Core | undefined;
let selected: string | undefined;
let problem = "";
let busy = false;

function nodeOf(id: string | undefined): GraphNode | undefined {
  return graph?.nodes.find((node) => node.id === id);
}

addEventListener("message", (event: MessageEvent<ToGraph>) => {
  const sent = event.data;
  if (sent.type === "busy") busy = sent.busy;
  else if (sent.type === "problem") problem = sent.text;
  else {
    problem = "";
    modeSelect.value = sent.merge ? modeSelect.value : sent.mode;
    if (sent.merge && graph) graph = merged(graph, sent.graph, sent.title);
    else {
      graph = sent.graph;
      selected = graph.centre;
    }
    if (!sent.merge)
      depthSelect.value = String(
        Math.max(1, Math.min(4, Math.max(0, ...graph.nodes.map((node) => Math.abs(node.depth))))),
      );
    draw(!sent.merge);
  }
  drawSummary();
});

function drawSummary(): void {
  const text =
    problem ||
    (graph
      ? `${count(graph.nodes.length, "symbol")}, ${count(graph.edges.length, "link")}${graph.truncated ? "; not all are shown" : ""}`
      : "");
  summary.replaceChildren(
    ...(busy ? [icon("loading codicon-modifier-spin"), " "] : []),
    problem ? icon("warning") : "",
    problem ? " " : "",
    text,
  );
  summary.classList.toggle("problem", problem !== "");
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

// ---------------------------------------------------------------- picture

const label = (node: GraphNode): string =>
  node.kind === "module"
    ? node.place.path.split("/").slice(-2).join("/")
    : node.container
      ? `${node.container.split(".").pop()}.${node.name}`
      : node.name;

function draw(fit: boolean): void {
  if (!graph) return;
  const shown = graph;
  const labels = new Map(shown.nodes.map((node) => [node.id, clip(label(node), 34)]));
  const files = new Map(shown.nodes.map((node) => [node.id, clip(fileOf(node), 38)]));
  const longest = (id: string): string => {
    const [name, file] = [labels.get(id) ?? "", files.get(id) ?? ""];
    return file.length > name.length ? file : name;
  };
  const places = layout(
    shown.nodes.map(({ id, depth, place }) => ({ id, depth, label: longest(id), group: place.path })),
    shown.edges,
  );
  const elements: ElementDefinition[] = [
    ...shown.nodes.map((node): ElementDefinition => ({
      group: "nodes",
      data: {
        id: node.id,
        label: labels.get(node.id) ?? "",
        file: files.get(node.id) ?? "",
        width: widthOf(longest(node.id)),
      },
      position: places.get(node.id) ?? { x: 0, y: 0 },
      classes: [
        node.id === shown.centre ? "centre" : "",
        node.test ? "test" : "",
        node.more ? "more" : "",
        ["class", "interface", "struct", "enum"].includes(node.kind) ? "class" : "",
      ]
        .filter(Boolean)
        .join(" "),
    })),
    ...shown.edges.map((edge): ElementDefinition => ({
      group: "edges",
      data: { id: `${edge.from} ${edge.to} ${edge.kind}`, source: edge.from, target: edge.to },
      classes: `${edge.kind} ${edge.confidence === "name" ? "unsure" : ""}`,
    })),
  ];
  const many = shown.nodes.length > 150;
  graphics?.destroy();
  graphics = cytoscape({
    container: picture,
    elements,
    layout: { name: "preset", fit: false },
    style: styles(),
    minZoom: 0.05,
    maxZoom: 3,
    wheelSensitivity: 0.3,
    textureOnViewport: many,
    hideEdgesOnViewport: many,
    boxSelectionEnabled: false,
    autoungrabify: true,
  });
  graphics.on("tap", "node", (event) => {
    const node = nodeOf((event.target as { id(): string }).id());
    if (!node) return;
    select(node.id, false);
    post({ type: "open", place: node.place, preview: true });
  });
  graphics.on("tap", "edge", (event) => {
    const id = (event.target as { id(): string }).id();
    const edge = shown.edges.find((each) => `${each.from} ${each.to} ${each.kind}` === id);
    if (edge?.place) post({ type: "open", place: edge.place, preview: true });
  });
  graphics.on("mouseover", "node", () => picture.classList.add("pointer"));
  graphics.on("mouseout", "node", () => picture.classList.remove("pointer"));
  if (fit) show();
  else if (selected) graphics.center(graphics.getElementById(selected));
  highlight();
  drawList();
}

/** Below this the names cannot be read. */
const READABLE = 0.6;

/** All of it when that can be read, else the middle. */
function show(): void {
  if (!graphics || !graph) return;
  graphics.fit(undefined, 24);
  if (graphics.zoom() > 1.1) graphics.zoom(1.1);
  if (graphics.zoom() < READABLE) graphics.zoom(READABLE);
  graphics.center(graphics.zoom() <= READABLE ? graphics.getElementById(graph.centre) : undefined);
}

function zoom(by: number): void {
  if (!graphics) return;
  const middle = { x: graphics.width() / 2, y: graphics.height() / 2 };
  graphics.zoom({ level: graphics.zoom() * by, renderedPosition: middle });
}

function highlight(): void {
  if (!graphics) return;
  graphics.elements().removeClass("selected near far");
  if (!selected) return;
  const node = graphics.getElementById(selected);
  node.addClass("selected");
  if (selected !== graph?.centre) {
    node.connectedEdges().addClass("near");
    graphics.elements().not(node.closedNeighborhood()).addClass("far");
  }
}

function fileOf(node: GraphNode): string {
  return `${node.place.path.split("/").slice(-2).join("/")}:${node.place.range.start.line + 1}`;
}

function clip(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

new MutationObserver(() => graphics?.style(styles())).observe(document.body, {
  attributes: true,
  attributeFilter: ["class", "data-vscode-theme-id"],
});
new ResizeObserver(() => graphics?.resize()).observe(picture);

// ---------------------------------------------------------------- list

const GROUPS: [string, (node: GraphNode) => boolean][] = [
  ["Symbol", (node) => node.depth === 0],
  ["Uses it", (node) => node.depth < 0],
  ["It uses", (node) => node.depth > 0],
];

function drawList(): void {
  if (!graph) return;
  const wanted = filter.value.trim().toLowerCase();
  const nodes = graph.nodes.filter(
    (node) => !wanted || `${label(node)} ${node.place.path}`.toLowerCase().includes(wanted),
  );
  const groups = GROUPS.flatMap(([title, belongs]) => {
    const members = nodes
      .filter(belongs)
      .sort((a, b) => Math.abs(a.depth) - Math.abs(b.depth) || (a.place.path < b.place.path ? -1 : 1));
    if (members.length === 0) return [];
    const rows = members.map((node) => {
      const row = h(
        "div",
        {
          class: "row",
          role: "option",
          id: `row-${indexOf(node.id)}`,
          "aria-selected": String(node.id === selected),
          "data-id": node.id,
          title: `${label(node)}\n${node.place.path}`,
        },
        icon(KIND[node.kind] ?? "symbol-misc"),
        h("span", { class: "name" }, label(node)),
        h("span", { class: "where" }, fileOf(node)),
      );
      row.addEventListener("click", () => {
        select(node.id, true);
        post({ type: "open", place: node.place, preview: true });
      });
      return row;
    });
    return [
      h(
        "div",
        { role: "group", "aria-label": `${title}, ${members.length}` },
        h("div", { class: "heading", role: "presentation" }, `${title} (${members.length})`),
        ...rows,
      ),
    ];
  });
  list.replaceChildren(...groups);
  if (groups.length === 0)
    list.append(h("div", { class: "heading", role: "option", "aria-selected": "false" }, "Nothing fits the filter"));
  mark();
}

function indexOf(id: string): number {
  return graph?.nodes.findIndex((node) => node.id === id) ?? -1;
}

function mark(): void {
  for (const row of list.querySelectorAll<HTMLElement>(".row")) {
    const isSelected = row.dataset["id"] === selected;
    row.setAttribute("aria-selected", String(isSelected));
    if (isSelected) {
      list.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    }
  }
  drawDetail();
}

function select(id: string, centre: boolean): void {
  selected = id;
  highlight();
  mark();
  if (centre && graphics) graphics.animate({ center: { eles: graphics.getElementById(id) }, duration: 120 });
}

list.addEventListener("keydown", (event) => {
  const rows = [...list.querySelectorAll<HTMLElement>(".row")];
  const at = rows.findIndex((row) => row.dataset["id"] === selected);
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
  let next: HTMLElement | undefined;
  if (step !== undefined) next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
  else if (event.key === "Home") next = rows[0];
  else if (event.key === "End") next = rows[rows.length - 1];
  const node = nodeOf(selected);
  if (next?.dataset["id"]) select(next.dataset["id"], true);
  else if (event.key === "Enter" && node) post({ type: "open", place: node.place, preview: false });
  else if (event.key === " " && node) expand(node);
  else return;
  event.preventDefault();
});

function expand(node: GraphNode): void {
  const mode = modeSelect.value as GraphMode;
  post({ type: "expand", node, mode: mode === "impact" ? "callers" : mode });
}

function drawDetail(): void {
  const node = nodeOf(selected);
  if (!node || !graph) return detail.replaceChildren();
  const name = (id: string): string => {
    const found = nodeOf(id);
    return found ? label(found) : "";
  };
  const links = graph.edges
    .filter((edge) => edge.from === node.id || edge.to === node.id)
    .slice(0, 8)
    .map((edge) => {
      const text =
        edge.from === node.id ? `${VERB[edge.kind]} ${name(edge.to)}` : `${name(edge.from)} ${VERB[edge.kind]} it`;
      const { place } = edge;
      if (!place) return h("li", {}, text);
      const open = h("button", { class: "link", title: `${place.path}:${place.range.start.line + 1}` }, text);
      open.type = "button";
      open.addEventListener("click", () => post({ type: "open", place, preview: false }));
      return h("li", {}, open);
    });
  const act = (text: string, iconName: string, run: () => void): HTMLElement => {
    const element = h("button", { class: "action" }, icon(iconName), ` ${text}`);
    element.type = "button";
    element.addEventListener("click", run);
    return element;
  };
  detail.replaceChildren(
    h("h2", {}, label(node)),
    h(
      "p",
      { class: "why" },
      `${node.kind.replaceAll("_", " ")}, ${node.place.path}:${node.place.range.start.line + 1}`,
    ),
    h(
      "div",
      { class: "actions" },
      act("Open", "go-to-file", () => post({ type: "open", place: node.place, preview: false })),
      act("More around it", "add", () => expand(node)),
      act("Make it the centre", "target", () => post({ type: "centre", node })),
    ),
    links.length ? h("ul", {}, ...links) : "",
  );
}

post({ type: "ready" });
