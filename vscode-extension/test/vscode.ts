/** As much of VS Code as unit tests need that look at what is said to it. */

export class EventEmitter {
  readonly event = (): { dispose(): void } => ({ dispose: () => undefined });
  fire(): void {
    // nobody listens
  }
}

export class Uri {
  private constructor(private readonly text: string) {}
  static parse(text: string): Uri {
    return new Uri(text);
  }
  static joinPath(base: Uri, ...names: string[]): Uri {
    return new Uri([base.text, ...names].join("/"));
  }
  toString(): string {
    return this.text;
  }
}

export class Range {
  readonly start: { line: number; character: number };
  readonly end: { line: number; character: number };
  constructor(line: number, character: number, endLine: number, endCharacter: number) {
    this.start = { line, character };
    this.end = { line: endLine, character: endCharacter };
  }
}

export class Location {
  constructor(
    readonly uri: Uri,
    readonly range: Range,
  ) {}
}

export class ChatRequestTurn {
  constructor(readonly prompt: string) {}
}

export class ChatResponseMarkdownPart {
  readonly value: { value: string };
  constructor(text: string) {
    this.value = { value: text };
  }
}

export class ChatResponseTurn {
  constructor(readonly response: ChatResponseMarkdownPart[]) {}
}

export const ChatResultFeedbackKind = { Unhelpful: 0, Helpful: 1 };

export const workspace = { isTrusted: true };

type Handler = (request: unknown, chat: unknown, stream: unknown, token: unknown) => Promise<unknown>;

/** The participants that were made. */
export const participants: { id: string; handler: Handler; feedback: (given: unknown) => void }[] = [];

export const chat: { createChatParticipant?: (id: string, handler: Handler) => unknown } = {
  createChatParticipant(id, handler) {
    const made = { id, handler, feedback: (_: unknown): void => undefined };
    participants.push(made);
    return {
      onDidReceiveFeedback: (take: (given: unknown) => void) => (made.feedback = take),
      iconPath: undefined,
      dispose: () => undefined,
    };
  },
};
