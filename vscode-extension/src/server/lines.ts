/** How loud a line is that the server writes besides the protocol. Plain data. */

export type Level = "debug" | "warn" | "error";

/** As `LINE` in treewright_server/logs.py; the other form is one object of JSON a line. */
const RECORD = /^\d{4}-\d\d-\d\d [\d:,]+ \| (\w+) +\| |^\{"time": [\d.]+, "level": "(\w+)"/;

/**
 * A server that runs sends the records of its log with the protocol too: its own copy is for those
 * who look closely. What is no record, a traceback or the interpreter's last words, is an error.
 */
export function levelOf(line: string, isRunning: boolean): Level {
  const found = RECORD.exec(line);
  const level = (found?.[1] ?? found?.[2])?.toLowerCase();
  if (level === undefined) return "error";
  if (isRunning || level === "debug" || level === "info") return "debug";
  return level === "warning" ? "warn" : "error";
}
