/** What commands act on, and what they share. */

import type * as vscode from "vscode";
import type { Chat } from "../chat/chat";
import type { GraphPanel } from "../graph/panel";
import type { InlineReview } from "../inline/editor";
import type { Position, Range } from "../protocol";
import type { Results } from "../results";
import type { Proposals } from "../review/store";
import type { ReviewTree } from "../review/tree";
import type { Server } from "../server/server";

export interface Parts {
  server: Server;
  proposals: Proposals;
  tree: ReviewTree;
  inline: InlineReview;
  chat: Chat;
  graph: GraphPanel;
  results: Results;
  log: vscode.LogOutputChannel;
}

/** Where a lens stands. */
export interface Target {
  uri: string;
  name: string;
  range: Range;
  position: Position;
}

/** A command without its prefix `treewright.ui.`. */
export type Handlers = Record<string, (argument?: unknown) => unknown>;
