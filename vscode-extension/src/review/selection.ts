/**
 * Which hunks of a proposal are ticked. Plain data.
 *
 * Hunks that share a group belong together (an import and the name that needs it), so what is
 * chosen are groups: a hunk is ticked while any of its groups is. A hunk without a group is a
 * group of its own.
 */

import type { Hunk, Proposal } from "../protocol";

export class Selection {
  private readonly active = new Set<string>();
  private readonly groups = new Map<string, readonly string[]>();

  constructor(hunks: readonly Hunk[], ticked: (hunk: Hunk) => boolean = () => true) {
    for (const hunk of hunks) this.groups.set(hunk.id, groupsOf(hunk));
    for (const hunk of hunks) if (ticked(hunk)) this.set(hunk.id, true);
    // What is left alone takes its group with it: a group is whole or not there.
    for (const hunk of hunks) if (!ticked(hunk)) this.set(hunk.id, false);
  }

  isTicked(id: string): boolean {
    return (this.groups.get(id) ?? []).some((group) => this.active.has(group));
  }

  /** Returns the ids whose tick changed, the named one first if it did. */
  set(id: string, ticked: boolean): string[] {
    return this.setAll([id], ticked);
  }

  setAll(ids: Iterable<string>, ticked: boolean): string[] {
    const wanted = [...ids];
    const before = new Set(this.ticked());
    for (const id of wanted) {
      for (const group of this.groups.get(id) ?? []) {
        if (ticked) this.active.add(group);
        else this.active.delete(group);
      }
    }
    const changed = [...this.groups.keys()].filter((id) => before.has(id) !== this.isTicked(id));
    return changed.sort((a, b) => Number(wanted.includes(b)) - Number(wanted.includes(a)));
  }

  ticked(): string[] {
    return [...this.groups.keys()].filter((id) => this.isTicked(id));
  }

  get all(): boolean {
    return this.ticked().length === this.groups.size;
  }
}

export function groupsOf(hunk: Hunk): readonly string[] {
  return hunk.groups.length ? hunk.groups : [`#${hunk.id}`];
}

/** The hunks that go with `id` when it is accepted, itself included. */
export function closure(hunks: readonly Hunk[], id: string): string[] {
  const hunk = hunks.find((each) => each.id === id);
  if (!hunk) return [];
  const groups = new Set(groupsOf(hunk));
  return hunks.filter((each) => groupsOf(each).some((group) => groups.has(group))).map((each) => each.id);
}

/** The hunks that go with `id` when it is rejected: whatever would be half done without it. */
export function dependants(hunks: readonly Hunk[], id: string): string[] {
  const hunk = hunks.find((each) => each.id === id);
  if (!hunk) return [];
  const dead = new Set(groupsOf(hunk));
  return hunks
    .filter((each) => each.id === id || groupsOf(each).every((group) => dead.has(group)))
    .map((each) => each.id);
}

export function hunksOf(proposal: Proposal): Hunk[] {
  return proposal.changes.flatMap((file) => file.hunks);
}
