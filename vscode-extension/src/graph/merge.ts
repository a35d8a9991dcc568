/** One neighbourhood put into another: what a click on "more" brings. Plain data. */

import type { Neighbourhood } from "../protocol";

/** More than this is never shown at once. */
export const MOST_NODES = 1000;

/**
 * `more` was asked for around the node `at`. Its symbols get their depth from there, going on in
 * the direction in which `at` lies; the centre keeps both sides.
 */
export function merged(graph: Neighbourhood, more: Neighbourhood, at: string): Neighbourhood {
  const nodes = new Map(graph.nodes.map((node) => [node.id, node]));
  const base = nodes.get(at)?.depth ?? 0;
  let truncated = graph.truncated || more.truncated;
  for (const node of more.nodes) {
    const known = nodes.get(node.id);
    if (known) {
      // Its neighbours are here now.
      if (node.id === at) nodes.set(at, { ...known, more: node.more && more.truncated });
      continue;
    }
    if (nodes.size >= MOST_NODES) {
      truncated = true;
      break;
    }
    const depth = base + node.depth;
    nodes.set(node.id, { ...node, depth: depth === 0 ? Math.sign(node.depth) || 1 : depth });
  }
  const edges = new Map(graph.edges.map((edge) => [`${edge.from} ${edge.to} ${edge.kind}`, edge]));
  for (const edge of more.edges) {
    if (nodes.has(edge.from) && nodes.has(edge.to)) edges.set(`${edge.from} ${edge.to} ${edge.kind}`, edge);
  }
  return { centre: graph.centre, nodes: [...nodes.values()], edges: [...edges.values()], truncated };
}
