/**
 * The custom requests of treewright, as data on the wire. docs/protocol.md says what they mean;
 * server/treewright_server/handlers/treewright_*.py answers them.
 *
 * Nothing here imports the editor: the webviews and the unit tests use the same types.
 */

export interface Position {
  line: number;
  /** UTF-16 code units, unless another encoding was negotiated. */
  character: number;
}

export interface Range {
  start: Position;
  end: Position;
}

export interface Place {
  uri: string;
  range: Range;
  /** Relative to its folder, with forward slashes; for people. */
  path: string;
}

/**
 * Who decided, from the surest down: `recipe` or `operation`, `model`, `cache`, `template`,
 * `guide`. A string on the wire, so that an older client can show a newer one.
 */
export type Rung = string;

// ---------------------------------------------------------------- treewright/status

export interface FolderStatus {
  uri: string;
  name: string;
  ready: boolean;
  /** Files that are still to be read. */
  pending: number;
  files: number;
  symbols: number;
  references: number;
  skipped: number;
}

export interface ModelStatus {
  state: "none" | "ready" | "failing";
  name: string;
  /** Why it is not ready; empty otherwise. */
  reason: string;
}

export interface Status {
  version: string;
  ready: boolean;
  trusted: boolean;
  folders: FolderStatus[];
  model: ModelStatus;
  /** Proposals that wait for the user. */
  proposals: number;
}

// ---------------------------------------------------------------- treewright/proposals/*

export interface Check {
  name: string;
  status: "ok" | "failed" | "skipped";
  detail: string;
  seconds: number;
}

export interface Report {
  ok: boolean;
  checks: Check[];
  newProblems: string[];
}

/** One thing that can be accepted or left. */
export interface Hunk {
  /** Unique in its proposal. */
  id: string;
  /** In the text that the proposal was made for. Empty for a whole file. */
  range: Range;
  oldText: string;
  newText: string;
  /** What it does, in a few words. */
  label: string;
  /** Why the user should look at it, or where it stands. */
  note: string;
  needsConfirmation: boolean;
  /** Hunks that share a group belong together: accepting one takes the others with it. */
  groups: string[];
}

export interface ProposedFile {
  uri: string;
  path: string;
  kind: "edit" | "create" | "rename" | "delete";
  /** The name after a rename. */
  newUri: string | null;
  newPath: string | null;
  /** Of the open document that the hunks are for; null when it was read from disk. */
  version: number | null;
  /** SHA-256, in hex, of the UTF-8 of the text with every line break as `\n`; null for a new file. */
  hash: string | null;
  language: string;
  hunks: Hunk[];
}

export interface ProposalSummary {
  id: string;
  title: string;
  reason: string;
  source: string;
  rung: Rung;
  /** Files whose text has changed since; empty when it can be applied. */
  stale: string[];
  files: number;
  hunks: number;
  state: "open" | "accepted" | "accepted_in_part" | "rejected" | "expired" | "reverted" | "edited";
}

export interface Proposal extends ProposalSummary {
  report: Report;
  changes: ProposedFile[];
  /** Places that the change leaves alone and the user should look at. */
  notes: { place: Place; text: string }[];
}

/** The answer of every request that makes a proposal. */
export type Offered =
  | { proposal: Proposal; refused: null }
  /** `guide` is Markdown: what to do by hand. */
  | { proposal: null; refused: { reason: string; report: Report | null; guide: string } };

export type Verdict = "accepted" | "rejected" | "dismissed";

export interface SettleParams {
  proposal: string;
  /** Ids of the hunks that the client has put into its buffers. */
  accepted: string[];
  rejected: string[];
  /** False while hunks are still undecided. */
  final: boolean;
  /** How it ended when nothing was accepted. */
  verdict: Verdict;
  comment?: string;
}

// ---------------------------------------------------------------- treewright/propose

/** An operation by name; `uri`, `position` and `range` among its arguments are the client's. */
export interface ProposeParams {
  operation: string;
  arguments: Record<string, unknown>;
}

// ---------------------------------------------------------------- treewright/edit

export interface EditParams {
  textDocument: { uri: string };
  range: Range;
  instruction: string;
  partialResultToken?: string | number;
}

// ---------------------------------------------------------------- treewright/neighbourhood

export type EdgeKind = "call" | "inherit" | "override" | "use" | "import" | "member";

export interface GraphNode {
  /** Stable while the text is: `path:offset`. */
  id: string;
  name: string;
  kind: string;
  container: string;
  place: Place;
  /** Steps from the centre: negative for what uses it, positive for what it uses. */
  depth: number;
  test: boolean;
  /** More neighbours exist than were sent. */
  more: boolean;
}

export interface GraphEdge {
  from: string;
  to: string;
  kind: EdgeKind;
  confidence: string;
  /** The use that makes the edge. */
  place: Place | null;
}

export interface Neighbourhood {
  centre: string;
  nodes: GraphNode[];
  edges: GraphEdge[];
  /** True when a bound cut it off. */
  truncated: boolean;
}

export interface NeighbourhoodParams {
  textDocument: { uri: string };
  position: Position;
  mode: "around" | "callers" | "callees" | "imports" | "inheritance" | "impact";
  depth: number;
  limit: number;
}

// ---------------------------------------------------------------- treewright/chat

export type ContextItem =
  | { kind: "file"; uri: string }
  | { kind: "selection"; uri: string; range: Range }
  | { kind: "symbol"; uri: string; range: Range; name: string }
  | { kind: "diagnostics"; uri: string; messages: { range: Range; message: string; code: string }[] };

export interface ChatTurn {
  role: "user" | "assistant";
  text: string;
}

export interface ChatParams {
  message: string;
  /** What the user asks for: an answer, or a change that is put up for review. */
  mode: "ask" | "task";
  context: ContextItem[];
  history: ChatTurn[];
  partialResultToken?: string | number;
}

export interface Citation {
  /** As `[1]` in the text. */
  number: number;
  place: Place;
  title: string;
}

export interface PlanStep {
  id: string;
  title: string;
  state: "waiting" | "running" | "done" | "failed" | "skipped";
  detail: string;
}

export interface Cost {
  /** Tokens; 0 without a model. */
  input: number;
  output: number;
  /** In the currency that the model's price was given in; null when no price is known. */
  price: number | null;
  seconds: number;
}

/** What arrives on the partial result token, in order. */
export type ChatPart =
  | { kind: "rung"; rung: Rung; why: string }
  | { kind: "text"; text: string }
  | { kind: "citation"; citation: Citation }
  | { kind: "plan"; steps: PlanStep[] }
  | { kind: "step"; step: PlanStep }
  | { kind: "proposal"; proposal: ProposalSummary }
  | { kind: "notice"; text: string }
  | { kind: "cost"; cost: Cost };

export interface ChatResult {
  /** For `treewright.feedback.rate`. */
  id?: string;
  text: string;
  rung: Rung;
  citations: Citation[];
  proposals: string[];
  cost: Cost;
}

// ---------------------------------------------------------------- treewright/search

export interface SearchParams {
  /** Words, or code that the result should be like. */
  query: string;
  limit: number;
  /** Find what is like this place; it is not among the results itself. */
  like?: { uri: string; range: Range };
  partialResultToken?: string;
}

export interface Found {
  place: Place;
  symbol: string;
  kind: string;
  score: number;
  /** Which ways of searching found it: `lexical`, `dense`, `graph`. */
  sources: string[];
  snippet: string;
  /** Name it in `treewright.feedback.search`; not there while feedback is off. */
  search?: string;
  result?: number;
}

/** What is known before the end, and how the search ended. */
export interface SearchPart {
  stage: string;
  results?: Found[];
  complete?: boolean;
  relevant?: boolean;
  notes?: string[];
}
