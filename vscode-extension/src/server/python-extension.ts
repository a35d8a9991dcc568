/**
 * The Python that the Python extension has chosen, and its later choices.
 *
 * **Invariant.** Nothing waits for that extension: it wakes by itself or not at all, and its choice
 * is taken up when it comes.
 */

import * as vscode from "vscode";

const ID = "ms-python.python";

interface Api {
  environments?: {
    getActiveEnvironmentPath?(uri?: vscode.Uri): { path?: string } | undefined;
    onDidChangeActiveEnvironmentPath?: vscode.Event<unknown>;
  };
}

/** How often it is looked whether the other extension is awake, and for how long: it has no event for that. */
const EVERY_MS = 1000;
const FOR_MS = 60_000;

export class PythonExtension implements vscode.Disposable {
  private listening: vscode.Disposable | undefined;
  private timer: NodeJS.Timeout | undefined;
  private readonly until = Date.now() + FOR_MS;

  constructor(private readonly changed: () => void) {
    this.look(false);
  }

  /** Undefined when the extension is not there, not awake, or has chosen none. */
  selected(uri: vscode.Uri | undefined): string | undefined {
    const found = this.api?.environments?.getActiveEnvironmentPath?.(uri)?.path;
    return found && /[/\\]/.test(found) ? found : undefined;
  }

  private get api(): Api | undefined {
    const extension = vscode.extensions.getExtension<Api | undefined>(ID);
    return extension?.isActive ? extension.exports : undefined;
  }

  private look(isLate: boolean): void {
    if (this.api) {
      this.listening = this.api.environments?.onDidChangeActiveEnvironmentPath?.(() => this.changed());
      if (isLate) this.changed();
    } else if (vscode.extensions.getExtension(ID) && Date.now() < this.until) {
      this.timer = setTimeout(() => this.look(true), EVERY_MS);
    }
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.listening?.dispose();
  }
}
