/** Which settings the server is told, and which of its own settings need a new server. */

/** Sections of `treewright.*` that only this extension reads. */
const CLIENT_SECTIONS = new Set(["server", "review", "lens", "chat", "graph", "ui"]);

/** The section `treewright` without what the server does not know. */
export function forServer(section: unknown): unknown {
  if (typeof section !== "object" || section === null || Array.isArray(section)) return section;
  return Object.fromEntries(Object.entries(section).filter(([key]) => !CLIENT_SECTIONS.has(key)));
}

/** A change of one of these starts the server anew. */
export const RESTART_SETTINGS = [
  "treewright.server.interpreter",
  "treewright.server.command",
  "treewright.server.environment",
];

export const LOG_LEVELS = ["debug", "info", "warning", "error"] as const;
