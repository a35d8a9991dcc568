/** The chat view's other half: conversations, context, and the request that streams an answer. */

import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import { tellRating } from "../feedback/tell";
import type { Chip, FromChat, Message, ToChat } from "../messages";
import { openPlace } from "../places";
import type { ChatParams, ChatResult, ContextItem } from "../protocol";
import { message as text, type Server } from "../server/server";
import { options, page } from "../webviews";
import { fileChip, isText, pickChip, selectionChip } from "./chips";
import { ChatHistory, type Conversation } from "./history";
import { openLink } from "./link";
import {
  LONGEST_MESSAGE,
  assistantMessage,
  failed,
  finished,
  history,
  stopped,
  titleOf,
  userMessage,
  withPart,
} from "./message";

export interface Ask {
  text: string;
  mode: "ask" | "task";
  /** Context besides what the editor offers by itself. */
  chips?: Chip[];
  /** False: only put into the input, for the user to finish. */
  send: boolean;
}

export class Chat implements vscode.WebviewViewProvider, vscode.Disposable {
  private view: vscode.WebviewView | undefined;
  private readonly conversations: ChatHistory;
  private current: Conversation = fresh();
  private chips: Chip[] = [];
  private hidden = new Set<string>();
  private running: { message: Message; cancel: vscode.CancellationTokenSource } | undefined;
  private waiting: ToChat[] = [];
  private isReady = false;
  private lastEditor: vscode.TextEditor | undefined = vscode.window.activeTextEditor;
  private readonly disposables: vscode.Disposable[];

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly server: Server,
    private readonly review: (proposal: string) => void,
  ) {
    const folder =
      context.storageUri?.scheme === "file" ? vscode.Uri.joinPath(context.storageUri, "chat").fsPath : undefined;
    this.conversations = new ChatHistory(folder, () =>
      vscode.workspace.getConfiguration("treewright.chat").get<number>("history", 50),
    );
    this.disposables = [
      vscode.window.registerWebviewViewProvider("treewright.chat", this, {
        webviewOptions: { retainContextWhenHidden: true },
      }),
      server.onDidChange(() => this.post(this.stateMessage())),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.post(this.stateMessage())),
      vscode.window.onDidChangeActiveTextEditor((editor) => {
        if (editor && !isText(editor.document)) return;
        if (editor) this.lastEditor = editor;
        this.followEditor();
      }),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
        if (!isText(textEditor.document)) return;
        this.lastEditor = textEditor;
        this.followEditor();
      }),
    ];
    void this.reopen();
  }

  private async reopen(): Promise<void> {
    const id = this.context.workspaceState.get<string>("treewright.conversation");
    const found = id === undefined ? undefined : await this.conversations.load(id);
    // Something was said while the file was read: that is the conversation now.
    if (found && this.current.messages.length === 0) this.switchTo(found);
  }

  // ---------------------------------------------------------------- the view

  resolveWebviewView(view: vscode.WebviewView): void {
    this.view = view;
    this.isReady = false;
    view.webview.options = options(this.context.extensionUri);
    view.webview.onDidReceiveMessage((received: FromChat) => void this.receive(received));
    view.onDidDispose(() => {
      this.view = undefined;
      this.isReady = false;
    });
    view.webview.html = page(view.webview, this.context.extensionUri, "chat", "Treewright Chat");
  }

  private post(sent: ToChat): void {
    if (this.view && this.isReady) void this.view.webview.postMessage(sent);
    else if (sent.type === "draft") this.waiting.push(sent);
    // Everything else is in the conversation that a new view is given.
  }

  private async receive(received: FromChat): Promise<void> {
    switch (received.type) {
      case "ready": {
        this.isReady = true;
        this.post(this.conversationMessage());
        this.followEditor();
        this.post({ type: "chips", chips: this.shownChips() });
        const waiting = this.waiting;
        this.waiting = [];
        for (const each of waiting) this.post(each);
        return;
      }
      case "send":
        return this.send(received.text, received.mode);
      case "stop":
        this.stop();
        return;
      case "retry":
        return this.retry(received.id);
      case "open":
        return openPlace(received.place, { beside: true });
      case "link":
        return openLink(received.href);
      case "copy":
        await vscode.env.clipboard.writeText(received.text);
        vscode.window.setStatusBarMessage("$(check) Copied", 2000);
        return;
      case "insert":
        return this.insert(received.text);
      case "review":
        this.review(received.proposal);
        return;
      case "rate":
        return this.rate(received.id, received.rating);
      case "removeChip":
        this.hidden.add(received.id);
        this.chips = this.chips.filter((chip) => chip.id !== received.id);
        this.post({ type: "chips", chips: this.shownChips() });
        return;
      case "addContext":
        return this.pickContext();
      case "openConversation": {
        const found = await this.conversations.load(received.id);
        if (found) this.switchTo(found);
        return;
      }
      case "deleteConversation":
        await this.conversations.delete(received.id);
        if (received.id === this.current.id) this.new();
        return this.sendHistory();
      case "askHistory":
        return this.sendHistory();
      case "new":
        this.new();
        return;
    }
  }

  private stateMessage(): ToChat {
    return {
      type: "state",
      running: this.server.isRunning,
      restricted: !vscode.workspace.isTrusted,
      model: this.model(),
    };
  }

  private conversationMessage(): ToChat {
    return {
      type: "conversation",
      id: this.current.id,
      messages: this.current.messages,
      running: this.server.isRunning,
      restricted: !vscode.workspace.isTrusted,
      model: this.model(),
    };
  }

  private model(): string {
    const model = this.server.status?.model;
    return model && model.state !== "none" ? model.name : "";
  }

  // ---------------------------------------------------------------- conversations

  async sendHistory(): Promise<void> {
    this.post({ type: "history", conversations: await this.conversations.list(), current: this.current.id });
  }

  new(): void {
    this.switchTo(fresh());
    this.post({ type: "draft", text: "", mode: null, focus: true });
  }

  private switchTo(conversation: Conversation): void {
    this.stop();
    this.current = conversation;
    void this.context.workspaceState.update("treewright.conversation", conversation.id);
    this.post(this.conversationMessage());
  }

  async pickConversation(): Promise<void> {
    const all = await this.conversations.list();
    const chosen = await vscode.window.showQuickPick(
      all.map((each) => ({ label: each.title, description: new Date(each.at).toLocaleString(), id: each.id })),
      { placeHolder: all.length ? "Open a conversation" : "There are no conversations yet" },
    );
    const found = chosen && (await this.conversations.load(chosen.id));
    if (found) this.switchTo(found);
  }

  async clearHistory(): Promise<void> {
    const answer = await vscode.window.showWarningMessage(
      "Delete every conversation of this workspace?",
      { modal: true },
      "Delete",
    );
    if (answer !== "Delete") return;
    await this.conversations.clear();
    this.new();
  }

  // ---------------------------------------------------------------- context

  private followEditor(): void {
    const wanted = vscode.workspace
      .getConfiguration("treewright.chat")
      .get<"none" | "file" | "selection">("context", "selection");
    this.chips = this.chips.filter((chip) => !chip.automatic);
    const editor = this.lastEditor;
    if (wanted !== "none" && editor && isText(editor.document) && !editor.document.isClosed) {
      const chip =
        wanted === "selection" && !editor.selection.isEmpty ? selectionChip(editor) : fileChip(editor.document.uri);
      this.chips.unshift({ ...chip, automatic: true });
    }
    this.post({ type: "chips", chips: this.shownChips() });
  }

  private shownChips(): Chip[] {
    return this.chips.filter(
      (chip, i, all) => !this.hidden.has(chip.id) && all.findIndex((each) => each.id === chip.id) === i,
    );
  }

  addChip(chip: Chip): void {
    this.hidden.delete(chip.id);
    this.chips = [...this.chips.filter((each) => each.id !== chip.id), chip];
    this.post({ type: "chips", chips: this.shownChips() });
  }

  private async pickContext(): Promise<void> {
    const chip = await pickChip(this.lastEditor);
    if (chip) this.addChip(chip);
    this.post({ type: "draft", text: "", mode: null, focus: true });
  }

  // ---------------------------------------------------------------- asking

  /** Show the view and ask, or put a draft into its input. */
  async ask(ask: Ask): Promise<void> {
    await vscode.commands.executeCommand("treewright.chat.focus");
    for (const chip of ask.chips ?? []) this.addChip(chip);
    if (ask.send) await this.send(ask.text, ask.mode);
    else this.post({ type: "draft", text: ask.text, mode: ask.mode, focus: true });
  }

  private async send(said: string, mode: "ask" | "task"): Promise<void> {
    const trimmed = said.trim();
    if (!trimmed || this.running) return;
    const chips = this.shownChips();
    const user = userMessage(randomUUID(), trimmed.slice(0, LONGEST_MESSAGE), mode, chips);
    const earlier = this.current.messages;
    this.current.messages = [...earlier, user];
    this.chips = this.chips.filter((chip) => chip.automatic);
    this.hidden.clear();
    this.post({ type: "chips", chips: this.shownChips() });
    await this.answer(
      user,
      earlier,
      chips.map((chip) => chip.item),
      trimmed.length > LONGEST_MESSAGE,
    );
  }

  private lastContext: ContextItem[] = [];

  private async answer(
    user: Message,
    earlier: readonly Message[],
    context: ContextItem[],
    cut: boolean,
  ): Promise<void> {
    const conversation = this.current;
    this.lastContext = context;
    let reply = assistantMessage(randomUUID(), user.mode);
    if (cut)
      reply = { ...reply, notices: [`The message was cut to ${LONGEST_MESSAGE.toLocaleString("en")} characters.`] };
    conversation.messages = [...conversation.messages, reply];
    this.post({ type: "started", user, assistant: reply });
    const update = (next: Message): void => {
      reply = next;
      conversation.messages = conversation.messages.map((each) => (each.id === reply.id ? reply : each));
      if (this.running && this.running.message.id === reply.id) this.running.message = reply;
    };
    const cancel = new vscode.CancellationTokenSource();
    this.running = { message: reply, cancel };
    void vscode.commands.executeCommand("setContext", "treewright.chatBusy", true);
    const token = `treewright-chat-${reply.id}`;
    let listening: vscode.Disposable | undefined;
    try {
      if (user.mode === "task" && !vscode.workspace.isTrusted) throw new Error("Tasks are off in restricted mode.");
      listening = this.server.onPart(token, (part) => {
        if (cancel.token.isCancellationRequested) return;
        update(withPart(reply, part));
        if (conversation === this.current) this.post({ type: "part", id: reply.id, part });
      });
      const params: ChatParams = {
        message: user.text,
        mode: user.mode,
        context,
        history: history(earlier),
        partialResultToken: token,
      };
      const result = await this.server.request<ChatResult>("treewright/chat", params, cancel.token);
      update(cancel.token.isCancellationRequested ? stopped(reply) : finished(reply, result));
    } catch (error) {
      update(cancel.token.isCancellationRequested ? stopped(reply) : failed(reply, text(error)));
    } finally {
      listening?.dispose();
      this.running = undefined;
      cancel.dispose();
      void vscode.commands.executeCommand("setContext", "treewright.chatBusy", false);
      conversation.at = Date.now();
      if (conversation === this.current) {
        this.post({ type: "ended", message: reply });
        void this.context.workspaceState.update("treewright.conversation", conversation.id);
      }
      await this.conversations.save(conversation).catch(() => undefined);
    }
  }

  stop(): void {
    this.running?.cancel.cancel();
  }

  private async retry(id: string): Promise<void> {
    const index = this.current.messages.findIndex((each) => each.id === id);
    const user = this.current.messages
      .slice(0, index)
      .reverse()
      .find((each) => each.role === "user");
    if (index < 0 || !user || this.running) return;
    const at = this.current.messages.indexOf(user);
    const isLast = index === this.current.messages.length - 1;
    this.current.messages = this.current.messages.slice(0, at + 1);
    this.post(this.conversationMessage());
    await this.answer(user, this.current.messages.slice(0, at), isLast ? this.lastContext : [], false);
  }

  /** Thumbs on an answer: shown at once, and kept with the conversation when the server took it. */
  private async rate(id: string, rating: -1 | 0 | 1): Promise<void> {
    const conversation = this.current;
    const rated = conversation.messages.find((each) => each.id === id);
    if (!rated?.answer) return;
    const recorded = await tellRating(this.server, rated.answer, rating);
    if (!recorded) vscode.window.setStatusBarMessage("$(info) Feedback is off: nothing was kept", 3000);
    const now: Message = { ...rated, rating: recorded ? rating : (rated.rating ?? 0) };
    conversation.messages = conversation.messages.map((each) => (each.id === id ? now : each));
    if (conversation === this.current) this.post({ type: "rated", id, rating: now.rating ?? 0 });
    await this.conversations.save(conversation).catch(() => undefined);
  }

  /** Text of an answer at the cursor, by the user's own hand. */
  private async insert(code: string): Promise<void> {
    const editor = this.lastEditor;
    if (!editor || editor.document.isClosed) {
      const document = await vscode.workspace.openTextDocument({ content: code });
      await vscode.window.showTextDocument(document);
      return;
    }
    const shown = await vscode.window.showTextDocument(editor.document, editor.viewColumn ?? vscode.ViewColumn.One);
    await shown.edit((edit) => edit.replace(editor.selection, code));
  }

  title(): string {
    return titleOf(this.current.messages);
  }

  dispose(): void {
    this.stop();
    for (const each of this.disposables) each.dispose();
  }
}

function fresh(): Conversation {
  return { id: randomUUID(), at: Date.now(), messages: [] };
}
