/** What the user does with results and answers, told to the server, which knows what may be kept. */

import type { Found } from "../protocol";
import type { Server } from "../server/server";

export type SearchAction = "opened" | "used";

interface Recorded {
  recorded: boolean;
}

/** Results carry the name of their search only while feedback is on. */
export function tellSearch(server: Server, found: Found, action: SearchAction): Promise<boolean> {
  if (found.search === undefined || found.result === undefined) return Promise.resolve(false);
  return tell(server, "treewright.feedback.search", { search: found.search, result: found.result, action });
}

/** Nothing of the list was of use. */
export function tellIgnored(server: Server, found: readonly Found[]): Promise<boolean> {
  const search = found.find((each) => each.search !== undefined)?.search;
  return search === undefined
    ? Promise.resolve(false)
    : tell(server, "treewright.feedback.search", { search, action: "ignored" });
}

/** Thumbs on an answer; 0 takes them back. */
export function tellRating(server: Server, subject: string, rating: -1 | 0 | 1): Promise<boolean> {
  return tell(server, "treewright.feedback.rate", { subject, rating });
}

/** False when nothing was recorded: feedback is off, the search is long gone, or there is no server. */
async function tell(server: Server, command: string, argument: unknown): Promise<boolean> {
  try {
    return (await server.execute<Recorded>(command, argument)).recorded;
  } catch (error) {
    server.log.debug(`${command}: ${String(error)}`);
    return false;
  }
}
