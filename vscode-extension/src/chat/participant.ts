/** The same answers in VS Code's own chat, where it has one. */

import { randomUUID } from "node:crypto";
import * as vscode from "vscode";
import { tellRating } from "../feedback/tell";
import { fromRange, toRange } from "../places";
import type { ChatParams, ChatResult, ChatTurn, ContextItem } from "../protocol";
import { rungText } from "../review/report";
import { message, type Server } from "../server/server";
import { costText } from "./message";

export function registerParticipant(context: vscode.ExtensionContext, server: Server): vscode.Disposable | undefined {
  // Builds without a chat have the namespace and refuse the call, or have not even that.
  const api = (vscode as { chat?: typeof vscode.chat }).chat;
  if (!api?.createChatParticipant) return undefined;
  try {
    const participant = api.createChatParticipant("treewright.participant", (request, chat, stream, token) =>
      answer(server, request, chat, stream, token),
    );
    participant.onDidReceiveFeedback(({ result, kind }) => {
      const id: unknown = result.metadata?.["id"];
      const rating = kind === vscode.ChatResultFeedbackKind.Helpful ? 1 : -1;
      if (typeof id === "string") void tellRating(server, id, rating);
    });
    participant.iconPath = vscode.Uri.joinPath(context.extensionUri, "media", "icon.png");
    return participant;
  } catch {
    return undefined;
  }
}

async function answer(
  server: Server,
  request: vscode.ChatRequest,
  chat: vscode.ChatContext,
  stream: vscode.ChatResponseStream,
  token: vscode.CancellationToken,
): Promise<vscode.ChatResult> {
  const partialResultToken = `treewright-participant-${randomUUID()}`;
  let listening: vscode.Disposable | undefined;
  let shown = 0;
  try {
    listening = server.onPart(partialResultToken, (part) => {
      if (part.kind === "text") {
        shown += part.text.length;
        stream.markdown(part.text);
      } else if (part.kind === "step" && part.step.state === "running") stream.progress(part.step.title);
      else if (part.kind === "proposal") {
        stream.button({
          command: "treewright.ui.reviewProposal",
          title: `Review: ${part.proposal.title}`,
          arguments: [part.proposal.id],
        });
      } else if (part.kind === "notice") stream.progress(part.text);
    });
    const isTask = request.command === "task";
    if (isTask && !vscode.workspace.isTrusted) throw new Error("Tasks are off in restricted mode.");
    const prefix = { explain: "Explain: ", find: "Find: " }[request.command ?? ""] ?? "";
    const params: ChatParams = {
      message: prefix + request.prompt,
      mode: isTask ? "task" : "ask",
      context: contextOf(request),
      history: historyOf(chat),
      partialResultToken,
    };
    const result = await server.request<ChatResult>("treewright/chat", params, token);
    if (shown === 0) stream.markdown(result.text);
    for (const { place } of result.citations) {
      stream.reference(new vscode.Location(vscode.Uri.parse(place.uri), toRange(place.range)));
    }
    stream.markdown(
      `\n\n*${[`Answered by ${rungText(result.rung)}`, costText(result.cost)].filter(Boolean).join(" · ")}*`,
    );
    return { metadata: { rung: result.rung, id: result.id } };
  } catch (error) {
    return token.isCancellationRequested ? {} : { errorDetails: { message: message(error) } };
  } finally {
    listening?.dispose();
  }
}

function contextOf(request: vscode.ChatRequest): ContextItem[] {
  const found: ContextItem[] = [];
  for (const { value } of request.references) {
    if (value instanceof vscode.Location)
      found.push({ kind: "selection", uri: value.uri.toString(), range: fromRange(value.range) });
    else if (value instanceof vscode.Uri) found.push({ kind: "file", uri: value.toString() });
  }
  return found;
}

function historyOf(chat: vscode.ChatContext): ChatTurn[] {
  return chat.history.map((turn): ChatTurn => {
    if (turn instanceof vscode.ChatRequestTurn) return { role: "user", text: turn.prompt };
    const parts = turn.response.filter((part) => part instanceof vscode.ChatResponseMarkdownPart);
    return { role: "assistant", text: parts.map((part) => part.value.value).join("") };
  });
}
