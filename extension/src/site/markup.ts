import { element } from "../dom";

const ELEMENTS = new Set(
  "a b blockquote br caption code dd div dl dt em h1 h2 h3 h4 h5 h6 hr i li ol p pre progress s small span strong sub sup table tbody td tfoot th thead tr u ul".split(
    " ",
  ),
);
const ATTRIBUTES = ["colspan", "rowspan", "scope", "value", "max", "aria-label"];
const ALIGNED = /text-align\s*:\s*(right|center)/;

/** Returns markup as elements that run and load nothing. The text of an unknown element stays, that of a program does not. */
export function elementsOf(markup: string): Node[] {
  const { body } = new DOMParser().parseFromString(markup, "text/html");
  return [...body.childNodes].flatMap(copy);
}

function copy(node: Node): Node[] {
  if (node instanceof Text) return [new Text(node.data)];
  if (!(node instanceof Element) || /^(script|style|template|iframe)$/.test(node.localName)) return [];
  const children = [...node.childNodes].flatMap(copy);
  if (!ELEMENTS.has(node.localName) || node.namespaceURI !== "http://www.w3.org/1999/xhtml") return children;
  const made = element(node.localName as "div", {}, ...children);
  for (const name of ATTRIBUTES) {
    const value = node.getAttribute(name);
    if (value !== null) made.setAttribute(name, value);
  }
  const side = ALIGNED.exec(node.getAttribute("style") ?? "")?.[1];
  if (side) made.className = side;
  const address = node.getAttribute("href") ?? "";
  if (/^https?:\/\//.test(address)) made.setAttribute("href", address);
  return [made];
}
