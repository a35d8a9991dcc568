/** The server's page of what became of proposals, in a tab: without scripts, in the editor's colors. */

import * as vscode from "vscode";

/** The page has colors of its own for a browser; here it stands in the editor's theme. */
const THEME = `<style>
:root { --bg: var(--vscode-editor-background); --fg: var(--vscode-foreground);
  --dim: var(--vscode-descriptionForeground); --line: var(--vscode-widget-border, var(--vscode-contrastBorder, #8884)); }
body.vscode-light, body.vscode-high-contrast-light { --kept: #2b9a66; --part: #8ecda9; --edited: #0d74ce;
  --rejected: #ce2c31; --reverted: #e79c13; --expired: #b9bbc6; --previewed: #c9c2e6; --shown: #dcdee3; color-scheme: light; }
body.vscode-dark, body.vscode-high-contrast { --kept: #3dd68c; --part: #2f7c57; --edited: #70b8ff;
  --rejected: #ff9592; --reverted: #ffca16; --expired: #5a5f66; --previewed: #565182; --shown: #3c4046; color-scheme: dark; }
</style>`;

export class FeedbackReport {
  private panel: vscode.WebviewPanel | undefined;

  show(html: string): void {
    if (!this.panel) {
      this.panel = vscode.window.createWebviewPanel(
        "treewright.feedback",
        "What Became of Proposals",
        vscode.ViewColumn.Active,
        { enableScripts: false, enableFindWidget: true, localResourceRoots: [] },
      );
      this.panel.onDidDispose(() => (this.panel = undefined));
    }
    this.panel.webview.html = themed(html);
    this.panel.reveal();
  }
}

export function themed(html: string): string {
  return html.replace("</head>", () => `${THEME}</head>`);
}
