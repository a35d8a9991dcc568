import * as vscode from "vscode";

/** A link of an answer: the address is shown before anything leaves for it. */
export async function openLink(href: string): Promise<void> {
  let uri: vscode.Uri;
  try {
    uri = vscode.Uri.parse(href, true);
  } catch {
    return;
  }
  if (uri.scheme !== "https" && uri.scheme !== "http") return;
  const answer = await vscode.window.showInformationMessage(
    `Open this address?`,
    { modal: true, detail: href.slice(0, 500) },
    "Open",
  );
  if (answer === "Open") await vscode.env.openExternal(uri);
}
