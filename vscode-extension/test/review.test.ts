import assert from "node:assert/strict";
import { test } from "node:test";
import { applied } from "../src/inline/track";
import { Entry, StaleError, size } from "../src/review/entry";
import { escaped, report } from "../src/review/report";
import { Selection, closure, dependants } from "../src/review/selection";
import { file, hunk, proposal } from "./support";

const A = "file:///ws/a.py";
const B = "file:///ws/b.py";

test("hunks of one group are ticked together", () => {
  const hunks = [
    hunk("import", 0, "", "import math\n", { groups: ["g"] }),
    hunk("use", 5, "pi", "math.pi", { groups: ["g"] }),
    hunk("other", 9, "x", "y"),
  ];
  const selection = new Selection(hunks);
  assert.deepEqual(selection.set("use", false), ["use", "import"]);
  assert.deepEqual(selection.ticked(), ["other"]);
  assert.deepEqual(selection.set("import", true), ["import", "use"]);
  assert.ok(selection.all);
});

test("a hunk that serves two groups stays while one of them does", () => {
  const hunks = [
    hunk("import", 0, "", "i", { groups: ["a", "b"] }),
    hunk("one", 1, "1", "2", { groups: ["a"] }),
    hunk("two", 2, "1", "2", { groups: ["b"] }),
  ];
  const selection = new Selection(hunks);
  selection.set("one", false);
  assert.deepEqual(selection.ticked(), ["import", "two"]);
  selection.set("two", false);
  assert.deepEqual(selection.ticked(), []);
  assert.deepEqual(closure(hunks, "one"), ["import", "one"]);
  assert.deepEqual(dependants(hunks, "one"), ["one"]);
  assert.deepEqual(dependants(hunks, "import"), ["import", "one", "two"]);
});

test("what needs confirmation starts unticked, unless sure hunks need it", () => {
  const entry = new Entry(
    proposal([
      file(A, [
        hunk("sure", 0, "a", "b", { groups: ["g"] }),
        hunk("with", 1, "a", "b", { groups: ["g"], needsConfirmation: true }),
        hunk("alone", 2, "a", "b", { needsConfirmation: true }),
      ]),
    ]),
  );
  assert.deepEqual(entry.selection.ticked(), ["sure", "with"]);
});

test("accepted hunks go where they belong, whatever was typed elsewhere meanwhile", () => {
  const before = "one\ntwo\nthree\n";
  const entry = new Entry(proposal([file(A, [hunk("1", 0, "one", "ONE"), hunk("3", 2, "three", "THREE")])]));
  assert.ok(entry.place(A, before, true));
  let text = "zero\none\ntwo\nthree\n"; // a line typed at the top
  assert.ok(entry.changed(A, [{ start: 0, end: 0, length: 5 }]));
  const textOf = (span: { start: number; end: number }): string => text.slice(span.start, span.end);
  const edits = entry.edits(A, ["3"], textOf);
  text = applied(text, edits);
  entry.decide(["3"], "accepted");
  entry.changed(
    A,
    edits.map((each) => ({ start: each.start, end: each.end, length: each.text.length })),
  );
  assert.equal(text, "zero\none\ntwo\nTHREE\n");
  text = applied(text, entry.edits(A, ["1"], textOf));
  assert.equal(text, "zero\nONE\ntwo\nTHREE\n");
});

test("a hunk whose text was changed is refused, the others are not", () => {
  const entry = new Entry(proposal([file(A, [hunk("1", 0, "one", "ONE"), hunk("2", 1, "two", "TWO")])]));
  entry.place(A, "one\ntwo\n", true);
  entry.changed(A, [{ start: 1, end: 2, length: 1 }]);
  assert.deepEqual(entry.stale, ["a.py"]);
  assert.throws(() => entry.edits(A, ["1"], () => "oxe"), StaleError);
  assert.equal(entry.edits(A, ["2"], () => "two").length, 1);
});

test("text that is not what the proposal was made for is not edited", () => {
  const entry = new Entry(proposal([file(A, [hunk("1", 0, "one", "ONE")])]));
  assert.equal(entry.place(A, "two\n", true), false);
  assert.throws(() => entry.edits(A, ["1"], () => "one"), StaleError);
  const insertion = new Entry(proposal([file(A, [hunk("1", 1, "", "new\n")])]));
  assert.equal(insertion.place(A, "other text\n\n", false), false, "an insertion has no old text: the hash tells");
});

test("texts that differ in their line breaks only are the same text", () => {
  const entry = new Entry(proposal([file(A, [hunk("1", 0, "one\ntwo", "x")])]));
  assert.ok(entry.place(A, "one\r\ntwo\r\n", true));
  assert.deepEqual(entry.span("1"), { start: 0, end: 8 });
});

test("accepting takes what is needed, rejecting what is useless without it", () => {
  const entry = new Entry(
    proposal([
      file(A, [hunk("def", 0, "a", "b", { groups: ["g"] })]),
      file(B, [hunk("use", 0, "a", "b", { groups: ["g"] }), hunk("free", 1, "a", "b")]),
    ]),
  );
  assert.deepEqual(entry.withNeeded(["use"]), ["def", "use"]);
  assert.deepEqual(entry.withDependants(["def"]), ["def", "use"]);
  entry.decide(["def", "use"], "accepted");
  assert.deepEqual(entry.withNeeded(["use"]), []);
  assert.equal(entry.isDone, false);
  entry.decide(["free"], "rejected");
  assert.ok(entry.isDone);
  assert.deepEqual(entry.decided("accepted"), ["def", "use"]);
});

test("sizes are counted in lines", () => {
  assert.deepEqual(size(hunk("1", 0, "a\nb\n", "c")), { added: 1, removed: 2 });
  assert.deepEqual(size(hunk("1", 0, "", "c\n")), { added: 1, removed: 0 });
});

test("names of files are no markup in the report", () => {
  const hostile = "[x](command:evil) <img src=x>|`\n# boo";
  const text = report(
    proposal([file(A, [hunk("1", 0, "a", "b", { needsConfirmation: true, note: hostile })], { path: hostile })], {
      title: hostile,
    }),
    [hostile],
  );
  assert.ok(!text.includes("[x](command:evil)"));
  assert.ok(!/[^\\]<img/.test(text));
  assert.ok(!/^# boo/m.test(text));
  assert.equal(escaped("a_b"), "a\\_b");
});
