/**
 * Where the symbols of a neighbourhood are drawn. Plain data, the same for the same graph.
 *
 * Columns by steps from the centre: what uses it on the left, what it uses on the right. In a
 * column a symbol stands near the mean height of its neighbours one column further in (the
 * barycentre rule of Sugiyama, Tagawa and Toda, 1981). A tall column is cut into several.
 */

export interface LayoutNode {
  id: string;
  depth: number;
  label: string;
  group: string;
}

export interface LayoutEdge {
  from: string;
  to: string;
}

export interface Point {
  x: number;
  y: number;
}

export const ROW = 46;
export const GAP = 70;
export const MOST_ROWS = 26;
const CHARACTER = 7.2;
const PADDING = 26;
const NARROWEST = 80;
const WIDEST = 260;

export function widthOf(label: string): number {
  return Math.min(WIDEST, Math.max(NARROWEST, Math.round(label.length * CHARACTER + PADDING)));
}

export function layout(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): Map<string, Point> {
  const columns = new Map<number, LayoutNode[]>();
  for (const node of nodes) columns.set(node.depth, [...(columns.get(node.depth) ?? []), node]);
  const neighbours = new Map<string, string[]>();
  for (const { from, to } of edges) {
    neighbours.set(from, [...(neighbours.get(from) ?? []), to]);
    neighbours.set(to, [...(neighbours.get(to) ?? []), from]);
  }
  const depthOf = new Map(nodes.map((node) => [node.id, node.depth]));
  const height = new Map<string, number>();
  const place = new Map<string, Point>();
  const depths = [...columns.keys()].sort((a, b) => Math.abs(a) - Math.abs(b) || a - b);
  const widths = new Map<number, number[]>();
  const parts = new Map<number, LayoutNode[][]>();
  for (const depth of depths) {
    const column = columns.get(depth) ?? [];
    const key = (node: LayoutNode): number => {
      const inner = (neighbours.get(node.id) ?? []).filter(
        (id) => Math.abs(depthOf.get(id) ?? 0) < Math.abs(depth) || depth === 0,
      );
      const known = inner.map((id) => height.get(id)).filter((y) => y !== undefined);
      return known.length ? known.reduce((a, b) => a + b, 0) / known.length : 0;
    };
    const keys = new Map(column.map((node) => [node.id, key(node)]));
    const sorted = [...column].sort(
      (a, b) =>
        (keys.get(a.id) ?? 0) - (keys.get(b.id) ?? 0) ||
        compare(a.group, b.group) ||
        compare(a.label, b.label) ||
        compare(a.id, b.id),
    );
    const rows = Math.max(1, Math.min(sorted.length, Math.max(MOST_ROWS, Math.ceil(Math.sqrt(sorted.length * 4)))));
    const pieces: LayoutNode[][] = [];
    for (let at = 0; at < sorted.length; at += rows) pieces.push(sorted.slice(at, at + rows));
    for (const piece of pieces) {
      piece.forEach((node, row) => height.set(node.id, (row - (piece.length - 1) / 2) * ROW));
    }
    parts.set(depth, pieces);
    widths.set(
      depth,
      pieces.map((piece) => Math.max(...piece.map((node) => widthOf(node.label)))),
    );
  }
  for (const direction of [-1, 1]) {
    let edge = direction < 0 ? 0 : 0;
    const centre = widths.get(0)?.[0] ?? 0;
    edge = centre / 2;
    for (const depth of depths.filter((each) => Math.sign(each) === direction)) {
      edge += GAP;
      (parts.get(depth) ?? []).forEach((piece, i) => {
        const width = widths.get(depth)?.[i] ?? NARROWEST;
        if (i > 0) edge += GAP / 2;
        for (const node of piece)
          place.set(node.id, { x: direction * (edge + width / 2), y: height.get(node.id) ?? 0 });
        edge += width;
      });
    }
  }
  let x = 0;
  (parts.get(0) ?? []).forEach((piece, i) => {
    for (const node of piece) place.set(node.id, { x, y: height.get(node.id) ?? 0 });
    x += (widths.get(0)?.[i] ?? NARROWEST) + GAP;
  });
  return place;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
