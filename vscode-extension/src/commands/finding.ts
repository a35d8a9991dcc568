/** Commands that find code, and show what surrounds it. */

import * as vscode from "vscode";
import { fromRange, openPlace } from "../places";
import type { Found, Place, SearchParams } from "../protocol";
import type { Handlers, Parts, Target } from "./parts";
import { search } from "./search";
import { editorOrSay, subjectRange, withProgress } from "./subject";

export function finding({ server, results, graph }: Parts): Handlers {
  return {
    search: () => search(server, results),
    findSimilar: async () => {
      const editor = editorOrSay();
      if (!editor) return;
      const range = await subjectRange(editor);
      const params: SearchParams = {
        query: editor.document.getText(range).slice(0, 4000),
        limit: 30,
        like: { uri: editor.document.uri.toString(), range: fromRange(range) },
      };
      const found = await withProgress("Looking for similar code", (token) =>
        server.request<Found[]>("treewright/search", params, token),
      );
      await results.show(`like ${vscode.workspace.asRelativePath(editor.document.uri)}:${range.start.line + 1}`, found);
    },
    showGraph: (given) => {
      const target = given as Target | undefined;
      if (target?.position) {
        const { line, character } = target.position;
        return graph.show(vscode.Uri.parse(target.uri), new vscode.Position(line, character));
      }
      const editor = editorOrSay();
      return editor && graph.show(editor.document.uri, editor.selection.active);
    },
    openPlace: (place) => openPlace(place as Place),
    "results.open": (found) => results.open(found as Found),
    "results.praise": (found) => results.praise(found as Found),
    "results.none": () => results.none(),
    "results.clear": () => results.clear(),
  };
}
