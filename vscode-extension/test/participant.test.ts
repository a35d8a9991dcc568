import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import * as vscode from "vscode";
import { registerParticipant } from "../src/chat/participant";
import type { ChatParams, ChatPart, ChatResult } from "../src/protocol";
import type { Server } from "../src/server/server";
import * as stub from "./vscode";

const place = {
  uri: "file:///ws/a.py",
  path: "a.py",
  range: { start: { line: 2, character: 0 }, end: { line: 2, character: 3 } },
};
const result: ChatResult = {
  id: "t1",
  text: "Total adds.",
  rung: "guide",
  citations: [{ number: 1, place, title: "total" }],
  proposals: [],
  cost: { input: 0, output: 0, price: null, seconds: 0.02 },
};
const never = { isCancellationRequested: false };

/** A server that says these parts before it answers. */
class Scripted {
  asked: ChatParams[] = [];
  executed: unknown[] = [];
  log = { debug: () => undefined };
  private take: (part: ChatPart) => void = () => undefined;

  constructor(private readonly parts: ChatPart[]) {}

  onPart(_: unknown, take: (part: ChatPart) => void): { dispose(): void } {
    this.take = take;
    return { dispose: () => undefined };
  }

  request(method: string, params: ChatParams): Promise<ChatResult> {
    assert.equal(method, "treewright/chat");
    this.asked.push(params);
    for (const part of this.parts) this.take(part);
    return Promise.resolve(result);
  }

  execute(command: string, argument: unknown): Promise<{ recorded: boolean }> {
    this.executed.push([command, argument]);
    return Promise.resolve({ recorded: true });
  }
}

/** What VS Code's chat shows. */
class Stream {
  shown: string[] = [];
  markdown = (text: string): void => void this.shown.push(text);
  progress = (text: string): void => void this.shown.push(`… ${text}`);
  button = (command: { title: string; arguments: unknown[] }): void =>
    void this.shown.push(`[${command.title}](${String(command.arguments)})`);
  reference = (at: stub.Location): void => void this.shown.push(`@${String(at.uri)}:${at.range.start.line}`);
}

function made(server: Scripted): (typeof stub.participants)[number] {
  const context = { extensionUri: stub.Uri.parse("file:///ext") } as unknown as vscode.ExtensionContext;
  assert.ok(registerParticipant(context, server as unknown as Server));
  const found = stub.participants.at(-1);
  assert.ok(found);
  return found;
}

beforeEach(() => (stub.workspace.isTrusted = true));

test("an answer streams into VS Code's chat, with its sources, who gave it and what it cost", async () => {
  const server = new Scripted([
    { kind: "step", step: { id: "1", title: "Looking", detail: "", state: "running" } },
    { kind: "text", text: "Total " },
    { kind: "text", text: "adds." },
  ]);
  const stream = new Stream();
  const request = {
    prompt: "What does it do?",
    command: undefined,
    references: [{ value: stub.Uri.parse(place.uri) }],
  };
  const history = [
    new stub.ChatRequestTurn("Hello"),
    new stub.ChatResponseTurn([new stub.ChatResponseMarkdownPart("Hi")]),
  ];
  const participant = made(server);
  const answer = await participant.handler(request, { history }, stream, never);
  assert.deepEqual(stream.shown.slice(0, 4), ["… Looking", "Total ", "adds.", "@file:///ws/a.py:2"]);
  assert.match(stream.shown[4] ?? "", /search and the code graph, without a model · 20 ms/);
  const [asked] = server.asked;
  assert.ok(asked);
  assert.equal(asked.mode, "ask");
  assert.deepEqual(asked.context, [{ kind: "file", uri: place.uri }]);
  assert.deepEqual(asked.history, [
    { role: "user", text: "Hello" },
    { role: "assistant", text: "Hi" },
  ]);
  participant.feedback({ result: answer, kind: stub.ChatResultFeedbackKind.Helpful });
  assert.deepEqual(server.executed, [["treewright.feedback.rate", { subject: "t1", rating: 1 }]]);
});

test("a client that saw no part is given the whole answer", async () => {
  const stream = new Stream();
  await made(new Scripted([])).handler({ prompt: "x", references: [] }, { history: [] }, stream, never);
  assert.equal(stream.shown[0], "Total adds.");
});

test("a task ends in a button that opens the review, and is refused in restricted mode", async () => {
  const proposal = {
    id: "p7",
    title: "Rename",
    reason: "",
    source: "recipe",
    rung: "recipe",
    stale: [],
    files: 1,
    hunks: 1,
    state: "open",
  } as const;
  const server = new Scripted([{ kind: "proposal", proposal: { ...proposal, stale: [] } }]);
  const stream = new Stream();
  const request = { prompt: "rename a to b", command: "task", references: [] };
  await made(server).handler(request, { history: [] }, stream, never);
  assert.equal(stream.shown[0], "[Review: Rename](p7)");
  assert.equal(server.asked[0]?.mode, "task");
  stub.workspace.isTrusted = false;
  const refused = await made(server).handler(request, { history: [] }, stream, never);
  assert.deepEqual(refused, { errorDetails: { message: "Tasks are off in restricted mode." } });
  assert.equal(server.asked.length, 1);
});

test("a build without that chat has no participant, and nothing fails", () => {
  const create = stub.chat.createChatParticipant;
  delete stub.chat.createChatParticipant;
  const context = { extensionUri: stub.Uri.parse("file:///ext") } as unknown as vscode.ExtensionContext;
  assert.equal(registerParticipant(context, new Scripted([]) as unknown as Server), undefined);
  if (create) stub.chat.createChatParticipant = create;
});
