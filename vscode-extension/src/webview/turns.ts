/** The turns of a conversation in the page: what the user said, and an answer as it grows. */

import { costText, withPart } from "../chat/message";
import type { FromChat, Message } from "../messages";
import type { ChatPart, PlanStep, ProposalSummary } from "../protocol";
import { button, h, icon } from "./dom";
import { Markdown, type Handlers } from "./markdown";

type Post = (sent: FromChat) => void;

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

export const log = h("div", { id: "log", role: "log", "aria-label": "Conversation", "aria-live": "off" });
log.tabIndex = 0;

const atBottom = (): boolean => log.scrollHeight - log.scrollTop - log.clientHeight < 40;
export const toBottom = (): void => {
  log.scrollTop = log.scrollHeight;
};

export function userView(message: Message): HTMLElement {
  const chips = message.chips.map((chip) => h("span", { class: "chip still", title: chip.detail }, chip.label));
  return h(
    "article",
    { class: "turn user", "aria-label": "You" },
    h("h2", { class: "silent" }, "You"),
    chips.length > 0 && h("div", { class: "chips" }, ...chips),
    h("div", { class: "said" }, message.text),
  );
}

export class AssistantView {
  readonly element: HTMLElement;
  private readonly rung = h("div", { class: "rung" });
  private readonly steps = h("ol", { class: "steps", "aria-label": "Plan" });
  private readonly notices = h("div", { class: "notices" });
  private readonly sources = h("ol", { class: "sources", "aria-label": "Sources" });
  private readonly cards = h("div", { class: "cards" });
  private readonly foot = h("div", { class: "foot" });
  private readonly markdown: Markdown;
  private timer: number | undefined;

  constructor(
    private message: Message,
    private readonly post: Post,
  ) {
    const handlers: Handlers = {
      link: (href) => this.post({ type: "link", href }),
      cite: (number) => {
        const found = this.message.citations.find((each) => each.number === number);
        if (found) this.post({ type: "open", place: found.place });
      },
      isCitation: (number) => this.message.citations.some((each) => each.number === number),
      copy: (text) => this.post({ type: "copy", text }),
      insert: (text) => this.post({ type: "insert", text }),
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
        this.post({ type: "rate", id: this.message.id, rating: pressed ? 0 : rating }),
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
      ...message.notices.map((each) => h("p", { class: "notice" }, icon("info"), h("span", {}, each))),
    );
    this.cards.replaceChildren(...message.proposals.map((each) => card(each, this.post)));
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
        open.addEventListener("click", () => this.post({ type: "open", place }));
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
            h(
              "span",
              { class: "actions" },
              button("Copy the answer", "copy", () => this.post({ type: "copy", text: this.message.text })),
              ...(message.answer ? this.thumbs() : []),
              button("Ask again", "refresh", () => this.post({ type: "retry", id: this.message.id })),
            ),
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

function card(proposal: ProposalSummary, post: Post): HTMLElement {
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
