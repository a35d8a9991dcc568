import assert from "node:assert/strict";
import { test } from "node:test";
import { ROW, layout, widthOf, type LayoutNode } from "../src/graph/layout";
import { MOST_NODES, merged } from "../src/graph/merge";
import type { GraphNode, Neighbourhood } from "../src/protocol";

const node = (id: string, depth: number): GraphNode => ({
  id,
  name: id,
  kind: "function",
  container: "",
  depth,
  test: false,
  more: true,
  place: {
    uri: "file:///ws/a.py",
    path: "a.py",
    range: { start: { line: 0, character: 0 }, end: { line: 0, character: 1 } },
  },
});
const edge = (from: string, to: string): Neighbourhood["edges"][number] => ({
  from,
  to,
  kind: "call",
  confidence: "exact",
  place: null,
});

test("users stand on the left, what is used on the right, the centre at nought", () => {
  const nodes: LayoutNode[] = [-2, -1, 0, 1].map((depth) => ({ id: String(depth), depth, label: "f", group: "" }));
  const points = layout(nodes, [
    { from: "-2", to: "-1" },
    { from: "-1", to: "0" },
    { from: "0", to: "1" },
  ]);
  const xs = nodes.map((each) => points.get(each.id)!.x);
  assert.deepEqual(
    [...xs].sort((a, b) => a - b),
    xs,
  );
  assert.deepEqual(points.get("0"), { x: 0, y: 0 });
});

test("500 symbols are laid out fast, without two on one place", () => {
  const nodes: LayoutNode[] = [{ id: "c", depth: 0, label: "centre", group: "" }];
  const edges = [];
  for (let i = 1; i < 500; i++) {
    const depth = (i % 2 ? 1 : -1) * (1 + (i % 3));
    nodes.push({ id: `n${i}`, depth, label: `name_${i}`.repeat(1 + (i % 4)), group: `f${i % 9}` });
    edges.push({ from: `n${i}`, to: i > 9 ? `n${(i % 9) + 1}` : "c" });
  }
  const started = performance.now();
  const points = layout(nodes, edges);
  assert.ok(performance.now() - started < 200);
  assert.equal(points.size, 500);
  const boxes = nodes.map((each) => ({ ...points.get(each.id)!, half: widthOf(each.label) / 2 }));
  for (const [i, a] of boxes.entries()) {
    for (const b of boxes.slice(i + 1)) {
      assert.ok(Math.abs(a.x - b.x) >= a.half + b.half - 1 || Math.abs(a.y - b.y) >= ROW - 1, "two boxes overlap");
    }
  }
  assert.deepEqual(layout(nodes, edges), points, "the same graph gives the same picture");
});

test("what a click brings is put on the side it belongs to", () => {
  const graph: Neighbourhood = {
    centre: "c",
    nodes: [node("c", 0), node("user", -1)],
    edges: [edge("user", "c")],
    truncated: false,
  };
  const more: Neighbourhood = {
    centre: "user",
    nodes: [node("user", 0), node("far", -1), node("c", 1)],
    edges: [edge("far", "user"), edge("user", "c")],
    truncated: false,
  };
  const both = merged(graph, more, "user");
  assert.equal(both.centre, "c");
  assert.equal(both.nodes.find((each) => each.id === "far")?.depth, -2);
  assert.equal(both.nodes.find((each) => each.id === "user")?.more, false);
  assert.equal(both.edges.length, 2, "an edge is there once");
});

test("there is a bound, and it is said when it cuts something off", () => {
  const graph: Neighbourhood = { centre: "c", nodes: [node("c", 0)], edges: [], truncated: false };
  const many = Array.from({ length: MOST_NODES + 5 }, (_, i) => node(`n${i}`, 1));
  const both = merged(
    graph,
    { centre: "c", nodes: many, edges: many.map((each) => edge("c", each.id)), truncated: false },
    "c",
  );
  assert.equal(both.nodes.length, MOST_NODES);
  assert.ok(both.truncated);
  assert.ok(both.edges.every((each) => both.nodes.some((other) => other.id === each.to)));
});
