/** When a server that ended by itself is started again. Times in milliseconds. */

export const FIRST_DELAY_MS = 500;
export const LONGEST_DELAY_MS = 30_000;
export const WINDOW_MS = 3 * 60_000;
export const MOST_CRASHES = 5;

export class CrashPolicy {
  private crashes: number[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  /** The wait before the next start; undefined when there were too many crashes in the window. */
  crashed(): number | undefined {
    const now = this.now();
    this.crashes = this.crashes.filter((at) => now - at < WINDOW_MS);
    this.crashes.push(now);
    if (this.crashes.length > MOST_CRASHES) return undefined;
    return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (this.crashes.length - 1));
  }

  /** The user asked for a start: what happened before does not count. */
  forget(): void {
    this.crashes = [];
  }
}
