/** What the extension and its webviews say to each other. */

import type {
  ChatPart,
  Citation,
  ContextItem,
  Cost,
  GraphNode,
  Neighbourhood,
  PlanStep,
  Place,
  ProposalSummary,
} from "./protocol";

// ---------------------------------------------------------------- chat

/** A context item with what the chip shows. */
export interface Chip {
  id: string;
  label: string;
  detail: string;
  item: ContextItem;
  /** Added by the editor, not by the user: it follows the editor until the message is sent. */
  automatic: boolean;
}

export interface Message {
  id: string;
  role: "user" | "assistant";
  mode: "ask" | "task";
  text: string;
  chips: { label: string; detail: string }[];
  rung: string;
  why: string;
  citations: Citation[];
  steps: PlanStep[];
  proposals: ProposalSummary[];
  notices: string[];
  cost: Cost | null;
  state: "streaming" | "done" | "stopped" | "failed";
  error: string;
  /** What the server calls this answer, and the user's thumbs on it. */
  answer?: string;
  rating?: -1 | 0 | 1;
}

export interface ConversationSummary {
  id: string;
  title: string;
  at: number;
  messages: number;
}

export type ToChat =
  | {
      type: "conversation";
      id: string;
      messages: Message[];
      running: boolean;
      restricted: boolean;
      model: string;
    }
  | { type: "started"; user: Message; assistant: Message }
  | { type: "part"; id: string; part: ChatPart }
  | { type: "ended"; message: Message }
  | { type: "rated"; id: string; rating: -1 | 0 | 1 }
  | { type: "chips"; chips: Chip[] }
  | { type: "history"; conversations: ConversationSummary[]; current: string }
  | { type: "state"; running: boolean; restricted: boolean; model: string }
  | { type: "draft"; text: string; mode: "ask" | "task" | null; focus: boolean };

export type FromChat =
  | { type: "ready" }
  | { type: "send"; text: string; mode: "ask" | "task" }
  | { type: "stop" }
  | { type: "retry"; id: string }
  | { type: "open"; place: Place }
  | { type: "link"; href: string }
  | { type: "copy"; text: string }
  | { type: "insert"; text: string }
  | { type: "rate"; id: string; rating: -1 | 0 | 1 }
  | { type: "review"; proposal: string }
  | { type: "removeChip"; id: string }
  | { type: "addContext" }
  | { type: "openConversation"; id: string }
  | { type: "deleteConversation"; id: string }
  | { type: "askHistory" }
  | { type: "new" };

// ---------------------------------------------------------------- graph

export type GraphMode = "around" | "callers" | "callees" | "imports" | "inheritance" | "impact";

export type ToGraph =
  | { type: "graph"; graph: Neighbourhood; mode: GraphMode; merge: boolean; title: string }
  | { type: "busy"; busy: boolean }
  | { type: "problem"; text: string };

export type FromGraph =
  | { type: "ready" }
  | { type: "open"; place: Place; preview: boolean }
  | { type: "expand"; node: GraphNode; mode: GraphMode }
  | { type: "centre"; node: GraphNode }
  | { type: "mode"; mode: GraphMode }
  | { type: "depth"; depth: number };
