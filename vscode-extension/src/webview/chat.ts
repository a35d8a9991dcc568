/** The chat view in the page: shows the conversation it is told, and says what the user does. */

import type { Chip, FromChat, Message, ToChat } from "../messages";
import { button, h, icon } from "./dom";
import { AssistantView, log, toBottom, userView } from "./turns";

const host = acquireVsCodeApi<{ draft?: string; mode?: "ask" | "task" }>();
const post = (sent: FromChat): void => host.postMessage(sent);

// ---------------------------------------------------------------- the page

const banner = h("div", { id: "banner", role: "status" });
const chipList = h("div", { id: "chips", role: "list", "aria-label": "Context of the message" });
const input = h("textarea", { id: "input", "aria-label": "Message to Treewright" });
input.rows = 2;
const announcer = h("div", { class: "silent", role: "status", "aria-live": "polite" });
const mode = h(
  "select",
  { id: "mode", "aria-label": "What the message asks for" },
  option("ask", "Ask"),
  option("task", "Change code"),
);
const sendButton = button("Send (Enter)", "send", () => send(), { class: "primary", id: "send" });
const stopButton = button("Stop (Escape)", "debug-stop", () => post({ type: "stop" }), {
  class: "primary",
  id: "stop",
});
const addButton = h("button", { id: "add", title: "Add context" }, icon("add"), " Context");
addButton.type = "button";
addButton.addEventListener("click", () => post({ type: "addContext" }));
const form = h(
  "form",
  { id: "composer" },
  chipList,
  input,
  h("div", { class: "bar" }, mode, addButton, h("span", { class: "fill" }), stopButton, sendButton),
);
const historyPanel = h("section", { id: "history", "aria-label": "Conversations" });
historyPanel.hidden = true;
document.body.append(
  h("main", {}, h("h1", { class: "silent" }, "Treewright Chat"), banner, historyPanel, log, form, announcer),
);

function option(value: string, label: string): HTMLOptionElement {
  const element = h("option", {}, label);
  element.value = value;
  return element;
}

// ---------------------------------------------------------------- state

const views = new Map<string, AssistantView>();
let running = true;
let restricted = false;
let streaming: string | undefined;
let model = "";

const saved = host.getState();
if (saved?.draft) input.value = saved.draft;
if (saved?.mode) mode.value = saved.mode;
const save = (): void => {
  host.setState({ draft: input.value, mode: modeValue() });
};
const modeValue = (): "ask" | "task" => (mode.value === "task" ? "task" : "ask");

input.addEventListener("input", () => {
  grow();
  save();
  refreshState();
});
mode.addEventListener("change", () => {
  save();
  refreshState();
});
input.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  }
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (streaming !== undefined) post({ type: "stop" });
  else if (!historyPanel.hidden) closeHistory();
});

function send(): void {
  const text = input.value.trim();
  if (!text || streaming !== undefined || !running) return;
  post({ type: "send", text, mode: modeValue() });
  input.value = "";
  grow();
  save();
}

function grow(): void {
  input.rows = Math.min(10, Math.max(2, input.value.split("\n").length));
}

function refreshState(): void {
  sendButton.hidden = streaming !== undefined;
  stopButton.hidden = streaming === undefined;
  sendButton.disabled = !running || !input.value.trim();
  for (const each of mode.options) each.disabled = each.value === "task" && restricted;
  if (restricted) mode.value = "ask";
  input.placeholder =
    modeValue() === "task"
      ? "What should change? You review it before anything is written."
      : model
        ? `Ask ${model} about this code`
        : "Ask about this code";
  const said = !running
    ? "The server is not running. Messages can be sent once it is."
    : restricted
      ? "Restricted mode: answers only, nothing is changed or run."
      : "";
  banner.textContent = said;
  banner.hidden = !said;
}

// ---------------------------------------------------------------- messages

function showConversation(messages: readonly Message[]): void {
  views.clear();
  streaming = undefined;
  log.replaceChildren();
  if (messages.length === 0) log.append(welcome());
  for (const message of messages) add(message);
  const last = messages[messages.length - 1];
  if (last?.state === "streaming") streaming = last.id;
  toBottom();
}

function add(message: Message): void {
  log.querySelector(".welcome")?.remove();
  if (message.role === "user") return log.append(userView(message));
  const view = new AssistantView(message, post);
  views.set(message.id, view);
  log.append(view.element);
}

function welcome(): HTMLElement {
  const suggestions: [string, "ask" | "task"][] = [
    ["Where is this used, and what breaks if it changes?", "ask"],
    ["Explain the open file", "ask"],
    ["Add type hints to the selection", "task"],
  ];
  const offers = suggestions.map(([text, kind]) => {
    const element = h("button", { class: "offer" }, icon(kind === "ask" ? "comment" : "edit"), h("span", {}, text));
    element.type = "button";
    element.addEventListener("click", () => draft(text, kind));
    return element;
  });
  return h(
    "div",
    { class: "welcome" },
    h("h2", {}, "Ask about your code"),
    h(
      "p",
      {},
      "Answers come with the places they rest on. Each says who gave it: a proven rule, a language model, or search and the code graph alone. Your code stays on this machine unless you set up a model elsewhere.",
    ),
    ...offers,
  );
}

function draft(text: string, kind: "ask" | "task" | null, focus = true): void {
  if (text) input.value = text;
  if (kind) mode.value = kind;
  grow();
  save();
  refreshState();
  if (focus) input.focus();
  input.setSelectionRange(input.value.length, input.value.length);
}

// ---------------------------------------------------------------- context and history

function showChips(chips: readonly Chip[]): void {
  chipList.replaceChildren(
    ...chips.map((chip) => {
      const remove = button(`Remove ${chip.label} from the context`, "close", () => {
        post({ type: "removeChip", id: chip.id });
        input.focus();
      });
      const name = { file: "file", selection: "selection", symbol: "symbol-method", diagnostics: "warning" }[
        chip.item.kind
      ];
      return h(
        "span",
        { class: "chip", role: "listitem", title: chip.detail },
        icon(name),
        h("span", { class: "name" }, chip.label),
        remove,
      );
    }),
  );
  chipList.hidden = chips.length === 0;
}

function showHistory(sent: Extract<ToChat, { type: "history" }>): void {
  const rows = sent.conversations.map((each) => {
    const open = h(
      "button",
      { class: "row", ...(each.id === sent.current ? { "aria-current": "true" } : {}) },
      h("span", {}, each.title),
      h("span", { class: "why" }, new Date(each.at).toLocaleString()),
    );
    open.type = "button";
    open.addEventListener("click", () => {
      post({ type: "openConversation", id: each.id });
      closeHistory();
    });
    return h(
      "li",
      {},
      open,
      button(`Delete ${each.title}`, "trash", () => post({ type: "deleteConversation", id: each.id })),
    );
  });
  historyPanel.replaceChildren(
    h(
      "div",
      { class: "bar" },
      h("h2", {}, "Conversations"),
      h("span", { class: "fill" }),
      button("Close the list", "close", closeHistory),
    ),
    rows.length ? h("ul", {}, ...rows) : h("p", { class: "why" }, "None yet."),
  );
  historyPanel.hidden = false;
  log.hidden = true;
  historyPanel.querySelector<HTMLElement>("button.row")?.focus();
}

function closeHistory(): void {
  historyPanel.hidden = true;
  log.hidden = false;
  input.focus();
}

// ---------------------------------------------------------------- what the extension says

addEventListener("message", (event: MessageEvent<ToChat>) => {
  const sent = event.data;
  switch (sent.type) {
    case "conversation":
      ({ running, restricted, model } = sent);
      closeHistoryQuietly();
      showConversation(sent.messages);
      break;
    case "state":
      ({ running, restricted, model } = sent);
      break;
    case "started":
      streaming = sent.assistant.id;
      if (!log.querySelector(`[data-id="${CSS.escape(sent.user.id)}"]`)) {
        const view = userView(sent.user);
        view.dataset["id"] = sent.user.id;
        if (!lastIs(sent.user)) {
          log.querySelector(".welcome")?.remove();
          log.append(view);
        }
      }
      add(sent.assistant);
      announcer.textContent = "Working on the answer.";
      toBottom();
      break;
    case "part":
      views.get(sent.id)?.part(sent.part);
      break;
    case "ended":
      views.get(sent.message.id)?.end(sent.message);
      if (streaming === sent.message.id) streaming = undefined;
      announcer.textContent = {
        done: "The answer is complete.",
        stopped: "The answer was stopped.",
        failed: `The answer failed: ${sent.message.error}`,
        streaming: "",
      }[sent.message.state];
      break;
    case "rated":
      views.get(sent.id)?.rated(sent.rating);
      announcer.textContent = sent.rating === 0 ? "The rating was taken back." : "The answer was rated.";
      break;
    case "chips":
      showChips(sent.chips);
      break;
    case "history":
      showHistory(sent);
      break;
    case "draft":
      draft(sent.text, sent.mode, sent.focus);
      break;
  }
  refreshState();
});

/** A retry shows the conversation up to the question, and then starts with the same question. */
function lastIs(message: Message): boolean {
  const last = log.lastElementChild;
  return last?.classList.contains("user") === true && last.querySelector(".said")?.textContent === message.text;
}

function closeHistoryQuietly(): void {
  historyPanel.hidden = true;
  log.hidden = false;
}

showConversation([]);
refreshState();
grow();
post({ type: "ready" });
