/** The Found Code view: what a search, a look for similar code, or the graph came up with. */

import * as vscode from "vscode";
import type { Found } from "./protocol";
import { plural } from "./review/report";

type Node = { file: string; found: Found[] } | Found;

const isFile = (node: Node): node is { file: string; found: Found[] } => "file" in node;

export class Results implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly view: vscode.TreeView<Node>;
  private files: { file: string; found: Found[] }[] = [];

  constructor() {
    this.view = vscode.window.createTreeView<Node>("treewright.results", {
      treeDataProvider: this,
      showCollapseAll: true,
    });
  }

  async show(title: string, found: readonly Found[]): Promise<void> {
    const byFile = new Map<string, Found[]>();
    for (const each of found) byFile.set(each.place.path, [...(byFile.get(each.place.path) ?? []), each]);
    this.files = [...byFile].map(([file, members]) => ({ file, found: members }));
    this.view.description = title;
    this.view.message = found.length ? "" : "Nothing was found.";
    void vscode.commands.executeCommand("setContext", "treewright.hasResults", found.length > 0);
    this.changed.fire(undefined);
    await vscode.commands.executeCommand("treewright.results.focus");
  }

  clear(): void {
    this.files = [];
    this.view.description = "";
    this.view.message = "";
    void vscode.commands.executeCommand("setContext", "treewright.hasResults", false);
    this.changed.fire(undefined);
  }

  getChildren(node?: Node): Node[] {
    if (!node) return this.files;
    return isFile(node) ? node.found : [];
  }

  getTreeItem(node: Node): vscode.TreeItem {
    if (isFile(node)) {
      const name = node.file.split("/").pop() ?? node.file;
      const item = new vscode.TreeItem(name, vscode.TreeItemCollapsibleState.Expanded);
      item.description = `${node.file.slice(0, -name.length - 1)} ${plural(node.found.length, "place")}`.trim();
      const [first] = node.found;
      if (first) item.resourceUri = vscode.Uri.parse(first.place.uri);
      item.iconPath = vscode.ThemeIcon.File;
      return item;
    }
    const item = new vscode.TreeItem(node.symbol || firstLine(node.snippet), vscode.TreeItemCollapsibleState.None);
    item.description = `line ${node.place.range.start.line + 1} ${node.symbol ? firstLine(node.snippet) : ""}`;
    item.tooltip = new vscode.MarkdownString().appendCodeblock(node.snippet);
    item.iconPath = new vscode.ThemeIcon(iconOf(node.kind));
    item.command = { command: "treewright.ui.openPlace", title: "Open", arguments: [node.place] };
    return item;
  }

  dispose(): void {
    this.view.dispose();
    this.changed.dispose();
  }
}

export function firstLine(text: string): string {
  return (
    text
      .split("\n")
      .map((line) => line.trim())
      .find((line) => line) ?? ""
  );
}

export function iconOf(kind: string): string {
  const known: Record<string, string> = {
    class: "symbol-class",
    function: "symbol-method",
    method: "symbol-method",
    constructor: "symbol-method",
    module: "symbol-module",
    variable: "symbol-variable",
    constant: "symbol-constant",
    field: "symbol-field",
    property: "symbol-property",
    interface: "symbol-interface",
    enum: "symbol-enum",
    struct: "symbol-structure",
  };
  return known[kind] ?? "symbol-misc";
}
