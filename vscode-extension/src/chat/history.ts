/**
 * The conversations of one workspace, each a file of JSON in the folder VS Code gives us for it.
 * A conversation is written whole, beside the old one, and put in its place: a crash loses at
 * most the last message.
 */

import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import type { ConversationSummary, Message } from "../messages";
import { titleOf } from "./message";

export interface Conversation {
  id: string;
  /** Milliseconds since 1970 of the last message. */
  at: number;
  messages: Message[];
}

const FORMAT = 1;

export class ChatHistory {
  constructor(
    /** Undefined without a workspace: then nothing is kept. */
    private readonly folder: string | undefined,
    private readonly limit: () => number,
  ) {}

  async list(): Promise<ConversationSummary[]> {
    const all = await Promise.all((await this.ids()).map((id) => this.load(id)));
    return all
      .filter((each) => each !== undefined)
      .map(({ id, at, messages }) => ({ id, at, title: titleOf(messages), messages: messages.length }))
      .sort((a, b) => b.at - a.at);
  }

  /** Undefined for one that is not there or cannot be read. */
  async load(id: string): Promise<Conversation | undefined> {
    if (this.folder === undefined || !isId(id)) return undefined;
    try {
      const found: unknown = JSON.parse(await readFile(this.file(id), "utf8"));
      if (typeof found !== "object" || found === null) return undefined;
      const { format, at, messages } = found as { format?: unknown; at?: unknown; messages?: unknown };
      if (format !== FORMAT || typeof at !== "number" || !Array.isArray(messages)) return undefined;
      return { id, at, messages: messages as Message[] };
    } catch {
      return undefined;
    }
  }

  async save(conversation: Conversation): Promise<void> {
    if (this.folder === undefined || this.limit() === 0 || conversation.messages.length === 0) return;
    await mkdir(this.folder, { recursive: true });
    const { id, at, messages } = conversation;
    const file = this.file(id);
    const temporary = `${file}.${process.pid}.tmp`;
    await writeFile(temporary, JSON.stringify({ format: FORMAT, at, messages }), { encoding: "utf8", mode: 0o600 });
    await rename(temporary, file);
    await this.trim();
  }

  async delete(id: string): Promise<void> {
    if (this.folder !== undefined && isId(id)) await rm(this.file(id), { force: true });
  }

  async clear(): Promise<void> {
    for (const id of await this.ids()) await this.delete(id);
  }

  private async trim(): Promise<void> {
    const ids = await this.ids();
    if (ids.length <= this.limit()) return;
    for (const old of (await this.list()).slice(this.limit())) await this.delete(old.id);
  }

  private async ids(): Promise<string[]> {
    if (this.folder === undefined) return [];
    try {
      const names = await readdir(this.folder);
      return names
        .filter((name) => name.endsWith(".json"))
        .map((name) => name.slice(0, -5))
        .filter(isId);
    } catch {
      return [];
    }
  }

  private file(id: string): string {
    return path.join(this.folder ?? "", `${id}.json`);
  }
}

/** Ids become names of files: nothing else than what `newId` makes is taken. */
function isId(id: string): boolean {
  return /^[0-9a-z-]{1,64}$/.test(id);
}
