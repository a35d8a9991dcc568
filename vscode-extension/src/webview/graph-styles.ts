/** How the picture of the graph looks in the theme of the editor. */

import type { StylesheetJson } from "cytoscape";

export function styles(): StylesheetJson {
  const theme = getComputedStyle(document.documentElement);
  const color = (name: string, other: string): string => theme.getPropertyValue(`--vscode-${name}`).trim() || other;
  const text = color("foreground", "#888888");
  const background = color("editor-background", "#ffffff");
  const faint = color("descriptionForeground", text);
  const border = color("contrastBorder", "") || color("widget-border", "") || faint;
  const line = (name: string): string => color(`charts-${name}`, faint);
  const focus = color("focusBorder", "#0078d4");
  return [
    {
      selector: "node",
      style: {
        shape: "round-rectangle",
        width: "data(width)",
        height: 34,
        "background-color": color("editorWidget-background", background),
        "border-width": 1,
        "border-color": border,
        label: (element: { data(name: string): string }) => `${element.data("label")}\n${element.data("file")}`,
        "text-wrap": "wrap",
        "text-valign": "center",
        "text-halign": "center",
        "font-family": theme.getPropertyValue("--vscode-font-family") || "sans-serif",
        "font-size": 11,
        "line-height": 1.2,
        color: text,
        "min-zoomed-font-size": 6,
      },
    },
    { selector: "node.class", style: { shape: "rectangle", "border-color": line("orange") } },
    { selector: "node.test", style: { "border-style": "dashed", "border-color": line("green") } },
    { selector: "node.more", style: { "border-style": "double", "border-width": 3 } },
    { selector: "node.centre", style: { "border-width": 2, "border-color": focus, "font-weight": "bold" } },
    { selector: "node.selected", style: { "border-width": 3, "border-color": focus } },
    {
      selector: "edge",
      style: {
        width: 1.2,
        "line-color": faint,
        "target-arrow-color": faint,
        "target-arrow-shape": "triangle",
        "arrow-scale": 0.8,
        "curve-style": "bezier",
        opacity: 0.75,
      },
    },
    {
      selector: "edge.inherit",
      style: {
        "line-color": line("orange"),
        "target-arrow-color": line("orange"),
        "target-arrow-shape": "triangle-tee",
      },
    },
    {
      selector: "edge.override",
      style: { "line-color": line("orange"), "target-arrow-color": line("orange"), "line-style": "dashed" },
    },
    { selector: "edge.import", style: { "line-color": line("blue"), "target-arrow-color": line("blue") } },
    { selector: "edge.use", style: { "line-style": "dotted" } },
    { selector: "edge.unsure", style: { "line-style": "dashed", opacity: 0.4 } },
    { selector: "edge.near", style: { width: 2.2, opacity: 1, "line-color": focus, "target-arrow-color": focus } },
    { selector: ".far", style: { opacity: 0.3 } },
  ] as unknown as StylesheetJson;
}
