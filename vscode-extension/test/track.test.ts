import assert from "node:assert/strict";
import { test } from "node:test";
import { applied, lineStarts, moved, offsetAt, type Change, type Span } from "../src/inline/track";

/** A small generator of numbers, the same in every run (mulberry32). */
function random(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const at = (start: number, end = start): Span => ({ start, end });
const change = (start: number, end: number, length: number): Change => ({ start, end, length });

for (const [name, span, changes, after] of [
  ["typing before", at(5, 8), [change(1, 1, 3)], at(8, 11)],
  ["typing behind", at(5, 8), [change(9, 9, 3)], at(5, 8)],
  ["typing right in front", at(5, 8), [change(5, 5, 2)], at(7, 10)],
  ["typing right behind", at(5, 8), [change(8, 8, 2)], at(5, 8)],
  ["deleting before", at(5, 8), [change(0, 5, 0)], at(0, 3)],
  ["typing inside", at(5, 8), [change(6, 6, 1)], undefined],
  ["deleting across the edge", at(5, 8), [change(4, 6, 0)], undefined],
  ["deleting around", at(5, 8), [change(0, 20, 0)], undefined],
  ["two changes at once", at(5, 8), [change(10, 11, 5), change(0, 1, 3)], at(7, 10)],
  ["an insertion stays in front of what is typed at it", at(5), [change(5, 5, 4)], at(5)],
  ["an insertion behind deleted text", at(5), [change(3, 5, 0)], at(3)],
  ["an insertion inside deleted text", at(5), [change(3, 7, 0)], undefined],
] as const) {
  test(`moves: ${name}`, () => assert.deepEqual(moved(span, changes), after));
}

test("a span that is not lost holds the same text after any edits elsewhere", () => {
  const next = random(7);
  const number = (below: number): number => Math.floor(next() * below);
  let kept = 0;
  for (let run = 0; run < 3000; run++) {
    let text = Array.from({ length: 30 }, () => String.fromCharCode(97 + number(26))).join("");
    const start = number(30);
    let span: Span | undefined = { start, end: start + 1 + number(30 - start) };
    const inside = text.slice(span.start, span.end);
    for (let step = 0; step < 5 && span; step++) {
      const from = number(text.length + 1);
      const to = Math.min(text.length, from + number(4));
      const put = "X".repeat(number(4));
      text = text.slice(0, from) + put + text.slice(to);
      span = moved(span, [{ start: from, end: to, length: put.length }]);
    }
    if (!span) continue;
    kept++;
    assert.equal(text.slice(span.start, span.end), inside);
  }
  assert.ok(kept > 500, `only ${kept} spans were kept`);
});

test("edits are made in any order, and overlaps are refused", () => {
  const edits = [
    { start: 6, end: 11, text: "tree" },
    { start: 0, end: 0, text: "» " },
  ];
  assert.equal(applied("hello world", edits), "» hello tree");
  assert.throws(
    () =>
      applied("abc", [
        { start: 0, end: 2, text: "" },
        { start: 1, end: 3, text: "" },
      ]),
    RangeError,
  );
});

test("positions count UTF-16 units and clamp at the end of their line", () => {
  const text = "c = '😋' + d\r\nx\ry\n";
  const starts = lineStarts(text);
  assert.deepEqual(starts, [0, 14, 16, 18]);
  assert.equal(text[offsetAt(text, starts, 0, 11)], "d");
  assert.equal(offsetAt(text, starts, 0, 99), 12);
  assert.equal(offsetAt(text, starts, 1, 99), 15);
  assert.equal(offsetAt(text, starts, 99, 0), text.length);
});
