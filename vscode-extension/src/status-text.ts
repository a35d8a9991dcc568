/** What the status bar says of the server, its index and its model. Plain data. */

import type { Status } from "./protocol";
import { plural } from "./review/report";
import type { State } from "./server/server";

export interface StatusText {
  text: string;
  tooltip: string[];
  severity: "" | "warning" | "error";
  command: string;
}

export function statusText(state: State, detail: string, status: Status | undefined, trusted: boolean): StatusText {
  const say = (
    text: string,
    severity: StatusText["severity"] = "",
    command = "treewright.ui.indexStatus",
  ): StatusText => ({
    text,
    tooltip: detail ? [detail] : [],
    severity,
    command,
  });
  switch (state) {
    case "stopped":
      return say("$(circle-slash) Treewright", "", "treewright.ui.restart");
    case "looking":
    case "starting":
      return say("$(sync~spin) Treewright", "", "treewright.ui.showLog");
    case "waiting":
      return say("$(sync~spin) Treewright: restarting", "warning", "treewright.ui.showLog");
    case "missing":
      return say("$(warning) Treewright: no server", "warning", "treewright.ui.selectInterpreter");
    case "failed":
      return say("$(error) Treewright: stopped", "error", "treewright.ui.restart");
    case "running":
  }
  const lines = [detail];
  if (!status)
    return { text: "$(sync~spin) Treewright", tooltip: lines, severity: "", command: "treewright.ui.indexStatus" };
  const files = status.folders.reduce((sum, folder) => sum + folder.files, 0);
  const pending = status.folders.reduce((sum, folder) => sum + folder.pending, 0);
  const symbols = status.folders.reduce((sum, folder) => sum + folder.symbols, 0);
  lines.push(
    status.ready
      ? `Index: ${plural(files, "file")}, ${plural(symbols, "symbol")}`
      : `Index: ${plural(pending, "file")} to read, ${files} read`,
    modelText(status),
  );
  if (status.proposals > 0) lines.push(`${plural(status.proposals, "proposal")} to review`);
  if (!trusted) lines.push("Restricted mode: nothing is changed or run");
  const mark = !status.ready
    ? "$(sync~spin)"
    : !trusted
      ? "$(shield)"
      : status.model.state === "failing"
        ? "$(warning)"
        : "$(type-hierarchy)";
  const text = status.ready ? "Treewright" : `Treewright: indexing ${progress(files, pending)}`;
  return { text: `${mark} ${text}`, tooltip: lines, severity: "", command: "treewright.ui.indexStatus" };
}

function progress(files: number, pending: number): string {
  const total = files + pending;
  return total > 0 ? `${Math.floor((100 * files) / total)} %` : "…";
}

export function modelText(status: Status): string {
  switch (status.model.state) {
    case "ready":
      return `Model: ${status.model.name}`;
    case "failing":
      return `Model: ${status.model.name} does not answer (${status.model.reason})`;
    case "none":
      return "Model: none; answers come from rules, search and the graph";
  }
}
