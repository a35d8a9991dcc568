/** Making elements. Text only ever becomes text: there is no way to give HTML. */

type Child = Node | string | null | undefined | false;

export interface Attributes {
  class?: string;
  id?: string;
  title?: string;
  role?: string;
  [name: `aria-${string}` | `data-${string}`]: string;
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes as Record<string, string>)) element.setAttribute(name, value);
  for (const child of children) if (child !== null && child !== undefined && child !== false) element.append(child);
  return element;
}

/** A codicon, silent for screen readers: the words beside it say the same. */
export function icon(name: string): HTMLElement {
  return h("span", { class: `codicon codicon-${name}`, "aria-hidden": "true" });
}

export function button(label: string, iconName: string, onClick: () => void, more: Attributes = {}): HTMLButtonElement {
  const element = h("button", { title: label, "aria-label": label, ...more }, icon(iconName));
  element.type = "button";
  element.addEventListener("click", onClick);
  return element;
}
