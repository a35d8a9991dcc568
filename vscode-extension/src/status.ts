/** The status bar: what the server, its index and its model are doing. */

import * as vscode from "vscode";
import type { Server } from "./server/server";
import { statusText } from "./status-text";

export class StatusBar implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem("treewright.status", vscode.StatusBarAlignment.Right, 100);
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly server: Server) {
    this.item.name = "Treewright";
    this.disposables = [
      this.item,
      server.onDidChange(() => this.draw()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.draw()),
    ];
    this.draw();
    this.item.show();
  }

  private draw(): void {
    const { state, detail, status } = this.server;
    const said = statusText(state, detail, status, vscode.workspace.isTrusted);
    this.item.text = said.text;
    this.item.command = said.command;
    this.item.tooltip = said.tooltip.filter(Boolean).join("\n");
    this.item.accessibilityInformation = {
      label: said.text.replace(/\$\([^)]*\)\s*/g, "") + ". " + said.tooltip.join(". "),
      role: "button",
    };
    const color = { "": undefined, warning: "statusBarItem.warningBackground", error: "statusBarItem.errorBackground" }[
      said.severity
    ];
    this.item.backgroundColor = color ? new vscode.ThemeColor(color) : undefined;
    void vscode.commands.executeCommand("setContext", "treewright.indexed", status?.ready === true);
  }

  dispose(): void {
    for (const each of this.disposables) each.dispose();
  }
}
