import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { ChatHistory } from "../src/chat/history";
import {
  assistantMessage,
  costText,
  failed,
  finished,
  history,
  stopped,
  titleOf,
  userMessage,
  withPart,
} from "../src/chat/message";
import type { ChatPart } from "../src/protocol";

const place = {
  uri: "file:///ws/a.py",
  path: "a.py",
  range: { start: { line: 1, character: 0 }, end: { line: 1, character: 3 } },
};

test("a streamed answer grows part by part", () => {
  const parts: ChatPart[] = [
    { kind: "rung", rung: "guide", why: "no model" },
    { kind: "plan", steps: [{ id: "1", title: "Search", state: "running", detail: "" }] },
    { kind: "text", text: "Hello " },
    { kind: "text", text: "[1]" },
    { kind: "citation", citation: { number: 1, place, title: "a" } },
    { kind: "step", step: { id: "1", title: "Search", state: "done", detail: "3 hits" } },
    { kind: "step", step: { id: "2", title: "Write", state: "running", detail: "" } },
  ];
  const message = parts.reduce(withPart, assistantMessage("m", "ask"));
  assert.equal(message.text, "Hello [1]");
  assert.equal(message.rung, "guide");
  assert.deepEqual(
    message.steps.map((step) => step.state),
    ["done", "running"],
  );
  assert.equal(message.citations.length, 1);
  assert.deepEqual(
    stopped(message).steps.map((step) => step.state),
    ["done", "skipped"],
  );
  assert.equal(failed(message, "it broke").error, "it broke");
  const end = finished(message, {
    text: "Final",
    rung: "model",
    citations: [],
    proposals: [],
    cost: { input: 1, output: 2, price: null, seconds: 1 },
  });
  assert.equal(end.text, "Final");
  assert.deepEqual(
    end.steps.map((step) => step.state),
    ["done", "done"],
  );
});

test("a part of a kind that this client does not know changes nothing", () => {
  const message = assistantMessage("m", "ask");
  assert.deepEqual(withPart(message, { kind: "hologram" } as unknown as ChatPart), message);
});

test("the server is told what was said, within bounds", () => {
  const long = "x".repeat(50_000);
  const turns = Array.from({ length: 40 }, (_, i) => ({
    ...userMessage(`${i}`, long, "ask", []),
    state: "done" as const,
  }));
  const told = history([...turns, failed(assistantMessage("f", "ask"), "no")]);
  assert.equal(told.length, 20);
  assert.ok(told.every((turn) => turn.text.length === 12_000));
});

test("titles and costs are short", () => {
  assert.equal(titleOf([userMessage("1", "  Where\nis   it? ", "ask", [])]), "Where is it?");
  assert.equal(titleOf([userMessage("1", "y".repeat(99), "ask", [])]).length, 60);
  assert.equal(costText({ input: 0, output: 0, price: null, seconds: 0.0123 }), "12 ms");
  assert.equal(
    costText({ input: 1200, output: 30, price: 0.0042, seconds: 2 }),
    "2.0 s · 1,200 tokens in, 30 out · 0.0042",
  );
});

test("conversations are kept, listed newest first, and the oldest go", async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), "treewright-chat-"));
  context.after(() => rm(folder, { recursive: true }));
  const kept = new ChatHistory(path.join(folder, "chat"), () => 2);
  for (const [i, id] of ["a", "b", "c"].entries())
    await kept.save({ id, at: i, messages: [userMessage("1", `question ${id}`, "ask", [])] });
  assert.deepEqual(
    (await kept.list()).map((each) => each.title),
    ["question c", "question b"],
  );
  assert.equal((await kept.load("c"))?.messages[0]?.text, "question c");
  assert.equal(await kept.load("a"), undefined);
  await kept.clear();
  assert.deepEqual(await kept.list(), []);
});

test("a file that is no conversation is passed over, and an id is no path", async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), "treewright-chat-"));
  context.after(() => rm(folder, { recursive: true }));
  await writeFile(path.join(folder, "broken.json"), "{");
  await writeFile(path.join(folder, "secret.json"), '{"format": 1, "at": 1, "messages": []}');
  const kept = new ChatHistory(path.join(folder, "inner"), () => 5);
  assert.equal(await kept.load("../secret"), undefined);
  await kept.delete("../secret");
  assert.ok((await readdir(folder)).includes("secret.json"));
  assert.deepEqual(await new ChatHistory(folder, () => 5).list().then((all) => all.map((each) => each.id)), ["secret"]);
});

test("without a workspace nothing is kept", async () => {
  const kept = new ChatHistory(undefined, () => 5);
  await kept.save({ id: "a", at: 1, messages: [userMessage("1", "x", "ask", [])] });
  assert.deepEqual(await kept.list(), []);
});
