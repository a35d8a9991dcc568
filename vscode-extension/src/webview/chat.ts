/** The chat view in the page: shows the conversation it is told, and says what the user does. */

import { costText } from "../chat/message";
import type { Chip, FromChat, Message, ToChat } from "../messages";
import type { ChatPart, PlanStep, ProposalSummary } from "../protocol";
import { withPart } from "../chat/message";
import { button, h, icon } from "./dom";
import { Markdown, type Handlers } from "./markdown";

const host = acquireVsCodeApi<{ draft?: string; mode?: "ask" | "task" }>();
const post = (sent: FromChat): void => host.postMessage(sent);

const RUNG: Record<string, [label: string, icon: string]> = {
  recipe: ["Proven rule", "verified"],
  operation: ["Refactoring", "verified"],
  model: ["Language model", "sparkle"],
  cache: ["Accepted before", "history"],
  template: ["Template", "file-code"],
  guide: ["Search and graph, no model", "type-hierarchy"],
};
const STEP: Record<PlanStep["state"], string> = {
  waiting: "circle-large-outline",
  running: "loading codicon-modifier-spin",
  done: "pass",
  failed: "error",
  skipped: "circle-slash",
};
/** How often a growing answer is drawn, and when it is long. */
const SLOW_MS = 120;
const LONG = 20_000;

// ---------------------------------------------------------------- the page

const log = h("div", { id: "log", role: "log", "aria-label": "Conversation", "aria-live": "off" });
log.tabIndex = 0;
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

function userView(message: Message): HTMLElement {
  const chips = message.chips.map((chip) => h("span", { class: "chip still", title: chip.detail }, chip.label));
  return h(
    "article",
    { class: "turn user", "aria-label": "You" },
    h("h2", { class: "silent" }, "You"),
    chips.length > 0 && h("div", { class: "chips" }, ...chips),
    h("div", { class: "said" }, message.text),
  );
}

class AssistantView {
  readonly element: HTMLElement;
  private readonly rung = h("div", { class: "rung" });
  private readonly steps = h("ol", { class: "steps", "aria-label": "Plan" });
  private readonly notices = h("div", { class: "notices" });
  private readonly sources = h("ol", { class: "sources", "aria-label": "Sources" });
  private readonly cards = h("div", { class: "cards" });
  private readonly foot = h("div", { class: "foot" });
  private readonly markdown: Markdown;
  private timer: number | undefined;

  constructor(private message: Message) {
    const handlers: Handlers = {
      link: (href) => post({ type: "link", href }),
      cite: (number) => {
        const found = this.message.citations.find((each) => each.number === number);
        if (found) post({ type: "open", place: found.place });
      },
      isCitation: (number) => this.message.citations.some((each) => each.number === number),
      copy: (text) => post({ type: "copy", text }),
      insert: (text) => post({ type: "insert", text }),
    };
    this.markdown = new Markdown(handlers);
    this.element = h(
      "article",
      { class: "turn assistant", "aria-label": "Treewright" },
      h("h2", { class: "silent" }, "Treewright"),
      this.rung,
      this.steps,
      this.markdown.element,
      this.cards,
      this.notices,
      this.sources,
      this.foot,
    );
    this.draw();
  }

  part(part: ChatPart): void {
    this.message = withPart(this.message, part);
    if (part.kind !== "text") return this.draw();
    if (this.timer !== undefined) return;
    // The first words are shown at once, the rest as fast as it can be read.
    const late = (): void => {
      this.timer = undefined;
      this.drawText();
    };
    if (this.message.text.length === part.text.length) this.drawText();
    else this.timer = setTimeout(late, this.message.text.length > LONG ? SLOW_MS : 30);
  }

  end(message: Message): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.message = message;
    this.draw();
  }

  rated(rating: -1 | 0 | 1): void {
    this.message = { ...this.message, rating };
    const held = document.activeElement?.getAttribute("aria-label");
    this.draw();
    // The buttons are new ones: the keyboard stays where it was.
    for (const each of this.foot.querySelectorAll("button"))
      if (held && each.getAttribute("aria-label") === held) each.focus();
  }

  /** A second press takes it back. */
  private thumbs(): HTMLElement[] {
    return ([1, -1] as const).map((rating) => {
      const pressed = this.message.rating === rating;
      const [title, name] = rating > 0 ? ["A good answer", "thumbsup"] : ["A bad answer", "thumbsdown"];
      const element = button(title, pressed ? `${name}-filled` : name, () =>
        post({ type: "rate", id: this.message.id, rating: pressed ? 0 : rating }),
      );
      element.setAttribute("aria-pressed", String(pressed));
      return element;
    });
  }

  private drawText(): void {
    const stick = atBottom();
    this.markdown.update(this.message.text, this.message.citations.map((each) => each.number).join());
    if (stick) toBottom();
  }

  private draw(): void {
    const stick = atBottom();
    const { message } = this;
    const busy = message.state === "streaming";
    this.element.setAttribute("aria-busy", String(busy));
    const [label, iconName] = RUNG[message.rung] ?? [message.rung, "circle-outline"];
    this.rung.replaceChildren(
      ...(message.rung
        ? [
            icon(iconName),
            h("span", { title: message.why }, label),
            message.why ? h("span", { class: "why" }, message.why) : "",
          ]
        : busy
          ? [icon("loading codicon-modifier-spin"), "Working…"]
          : []),
    );
    this.steps.replaceChildren(...message.steps.map(stepView));
    this.steps.hidden = message.steps.length === 0;
    this.notices.replaceChildren(
      ...message.notices.map((each) => h("p", { class: "notice" }, icon("info"), " ", each)),
    );
    this.cards.replaceChildren(...message.proposals.map(card));
    this.sources.replaceChildren(
      ...message.citations.map(({ number, place, title }) => {
        const where = `${place.path}:${place.range.start.line + 1}`;
        const open = h(
          "button",
          { class: "source", title: where },
          h("b", {}, String(number)),
          h("span", { class: "name" }, title),
          h("span", { class: "where" }, where),
        );
        open.type = "button";
        open.addEventListener("click", () => post({ type: "open", place }));
        return h("li", {}, open);
      }),
    );
    this.sources.hidden = message.citations.length === 0;
    const state = { streaming: "", done: "", stopped: "Stopped.", failed: message.error || "It failed." }[
      message.state
    ];
    this.foot.replaceChildren(
      ...(busy
        ? []
        : [
            h("span", { class: message.state === "failed" ? "state bad" : "state" }, state),
            h("span", { class: "cost" }, costText(message.cost)),
            h("span", { class: "fill" }),
            button("Copy the answer", "copy", () => post({ type: "copy", text: this.message.text })),
            ...(message.answer ? this.thumbs() : []),
            button("Ask again", "refresh", () => post({ type: "retry", id: this.message.id })),
          ]),
    );
    this.drawText();
    if (stick) toBottom();
  }
}

function stepView(step: PlanStep): HTMLElement {
  return h(
    "li",
    { class: `step ${step.state}` },
    icon(STEP[step.state]),
    h(
      "span",
      {},
      step.title,
      h("span", { class: "silent" }, ` (${step.state})`),
      step.detail ? h("span", { class: "why" }, step.detail) : "",
    ),
  );
}

function card(proposal: ProposalSummary): HTMLElement {
  const open = h("button", { class: "primary wide" }, icon("checklist"), " Review");
  open.type = "button";
  open.addEventListener("click", () => post({ type: "review", proposal: proposal.id }));
  const files = `${proposal.files} file${proposal.files === 1 ? "" : "s"}, ${proposal.hunks} hunk${proposal.hunks === 1 ? "" : "s"}`;
  return h(
    "div",
    { class: "card" },
    h("div", {}, h("b", {}, proposal.title), h("div", { class: "why" }, `${files}. Nothing is written yet.`)),
    open,
  );
}

const atBottom = (): boolean => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
const toBottom = (): void => {
  log.scrollTop = log.scrollHeight;
};

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
  const view = new AssistantView(message);
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
