/** A conversation's messages and how a streamed answer grows. Plain data. */

import type { Chip, Message } from "../messages";
import type { ChatPart, ChatResult, ChatTurn, Cost, PlanStep } from "../protocol";

/** Longer messages are not sent: no model reads them, and the answer would not fit either. */
export const LONGEST_MESSAGE = 100_000;
/** How much of an earlier turn goes along with the next message. */
const LONGEST_TURN = 12_000;
const MOST_TURNS = 20;

export function userMessage(id: string, text: string, mode: Message["mode"], chips: readonly Chip[]): Message {
  return {
    ...empty(id, "user", mode),
    text,
    chips: chips.map(({ label, detail }) => ({ label, detail })),
    state: "done",
  };
}

export function assistantMessage(id: string, mode: Message["mode"]): Message {
  return empty(id, "assistant", mode);
}

function empty(id: string, role: Message["role"], mode: Message["mode"]): Message {
  return {
    id,
    role,
    mode,
    text: "",
    chips: [],
    rung: "",
    why: "",
    citations: [],
    steps: [],
    proposals: [],
    notices: [],
    cost: null,
    state: "streaming",
    error: "",
  };
}

/** The message after one more part of the stream. */
export function withPart(message: Message, part: ChatPart): Message {
  switch (part.kind) {
    case "rung":
      return { ...message, rung: part.rung, why: part.why };
    case "text":
      return { ...message, text: message.text + part.text };
    case "citation": {
      const others = message.citations.filter((each) => each.number !== part.citation.number);
      return { ...message, citations: [...others, part.citation].sort((a, b) => a.number - b.number) };
    }
    case "plan":
      return { ...message, steps: part.steps };
    case "step":
      return { ...message, steps: withStep(message.steps, part.step) };
    case "proposal": {
      const others = message.proposals.filter((each) => each.id !== part.proposal.id);
      return { ...message, proposals: [...others, part.proposal] };
    }
    case "notice":
      return { ...message, notices: [...message.notices, part.text] };
    case "cost":
      return { ...message, cost: part.cost };
    default:
      return message; // a newer server: what this client does not know it leaves out
  }
}

function withStep(steps: readonly PlanStep[], step: PlanStep): PlanStep[] {
  return steps.some((each) => each.id === step.id)
    ? steps.map((each) => (each.id === step.id ? step : each))
    : [...steps, step];
}

/** What the request's own answer says is final, also for a client that saw no part. */
export function finished(message: Message, result: ChatResult): Message {
  return {
    ...message,
    ...(result.id ? { answer: result.id } : {}),
    text: result.text,
    rung: result.rung,
    citations: result.citations,
    cost: result.cost,
    state: "done",
    steps: message.steps.map((step) => (step.state === "running" ? { ...step, state: "done" } : step)),
  };
}

export function stopped(message: Message): Message {
  return { ...message, state: "stopped", steps: ended(message.steps) };
}

export function failed(message: Message, error: string): Message {
  return { ...message, state: "failed", error, steps: ended(message.steps) };
}

function ended(steps: readonly PlanStep[]): PlanStep[] {
  return steps.map((step) =>
    step.state === "running" || step.state === "waiting" ? { ...step, state: "skipped" } : step,
  );
}

/** What the server is told of the conversation so far. */
export function history(messages: readonly Message[]): ChatTurn[] {
  return messages
    .filter((each) => each.text && each.state !== "failed")
    .slice(-MOST_TURNS)
    .map((each) => ({ role: each.role, text: each.text.slice(0, LONGEST_TURN) }));
}

export function titleOf(messages: readonly Message[]): string {
  const first =
    messages
      .find((each) => each.role === "user")
      ?.text.trim()
      .replace(/\s+/g, " ") ?? "";
  if (!first) return "New conversation";
  return first.length > 60 ? `${first.slice(0, 59)}…` : first;
}

export function costText(cost: Cost | null): string {
  if (!cost) return "";
  const parts = [
    cost.seconds < 0.95 ? `${Math.max(1, Math.round(cost.seconds * 1000))} ms` : `${cost.seconds.toFixed(1)} s`,
  ];
  if (cost.input + cost.output > 0) {
    parts.push(`${cost.input.toLocaleString("en")} tokens in, ${cost.output.toLocaleString("en")} out`);
  }
  if (cost.price !== null) parts.push(cost.price === 0 ? "free" : cost.price.toFixed(cost.price < 0.1 ? 4 : 2));
  return parts.join(" · ");
}
