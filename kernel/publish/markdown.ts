import MarkdownIt from "markdown-it";
import { addFormulas, mathOf } from "./formulas";
import { codeBlock } from "./highlight";
import type { Bundle } from "./notebook";
import { sanitize, type SafeMarkup } from "./sanitize";

/** A heading of a text. */
export interface Heading {
  level: number;
  text: string;
  id: string;
}

/** Options of a text. */
export interface MarkdownOptions {
  /** Pictures of the cell, by the name after `attachment:`. */
  attachments?: Record<string, Bundle>;
  /** Returns the address of a link. Default: as it is. */
  linkOf?: (address: string) => string;
  /** Headings of the texts before; those of this text are added. Their ids differ. */
  headings?: Heading[];
}

/** Markup of ours that takes its place when the rest is sanitized. */
interface Environment {
  parts: string[];
}

// Private characters around the number of a part. A text can name a part all the same, by entities (`&#xE000;`) or from inside a tag.
const [OPEN, CLOSE] = ["\ue000", "\ue001"];
const TAG_OR_PART = new RegExp(`<[^>]*>|${OPEN}(\\d+)${CLOSE}`, "g");
const MARKS = new RegExp(`[${OPEN}${CLOSE}]`, "g");

const reader = new MarkdownIt({ html: true, linkify: false });
addFormulas(reader);

function keep(environment: Environment, markup: string): string {
  environment.parts.push(markup);
  return `${OPEN}${environment.parts.length - 1}${CLOSE}`;
}

reader.renderer.rules.formula = (tokens, i, _options, environment: Environment) =>
  keep(environment, mathOf(tokens[i].content, tokens[i].info === "block"));
reader.renderer.rules.fence = (tokens, i, _options, environment: Environment) =>
  keep(environment, codeBlock(tokens[i].content, tokens[i].info.trim().split(/\s+/)[0]));
reader.renderer.rules.code_block = (tokens, i, _options, environment: Environment) =>
  keep(environment, codeBlock(tokens[i].content, ""));

/** Returns Markdown, which is not trusted, as markup that is safe to put on a page. */
export function markdown(source: string, options: MarkdownOptions = {}): SafeMarkup {
  const environment: Environment = { parts: [] };
  const tokens = reader.parse(source.replace(MARKS, "\ufffd"), environment);
  nameHeadings(tokens, options.headings ?? []);
  for (const token of tokens.flatMap(({ children }) => children ?? [])) resolve(token, options);
  const { html, isReduced } = sanitize(reader.renderer.render(tokens, reader.options, environment));
  return { html: withParts(html, environment), isReduced };
}

/** Puts each part where it is named first. In a tag none may stand, since its quotes would end the attribute. */
function withParts(html: string, { parts }: Environment): string {
  return html.replace(TAG_OR_PART, (found, number?: string) => {
    if (number === undefined) return found.replace(MARKS, "\ufffd");
    const part = parts[Number(number)] ?? "";
    parts[Number(number)] = "";
    return part;
  });
}

type Token = ReturnType<MarkdownIt["parse"]>[number];

function nameHeadings(tokens: readonly Token[], headings: Heading[]): void {
  const taken = new Set(headings.map(({ id }) => id));
  const numbers = new Map<string, number>();
  tokens.forEach((token, i) => {
    if (token.type !== "heading_open") return;
    const text = (tokens[i + 1].children ?? []).map(({ content }) => content).join("");
    const id = freeId(text, taken, numbers);
    taken.add(id);
    headings.push({ level: Number(token.tag[1]), text, id });
    token.attrSet("id", id);
  });
}

/**
 * Ids as JupyterLab gives them: the heading with hyphens; a number after a name that is taken.
 *
 * @param numbers last number after each name, so that thousands of equal headings are not counted anew for each
 */
function freeId(text: string, taken: ReadonlySet<string>, numbers: Map<string, number>): string {
  const name = text.trim().replace(/\s+/g, "-") || "section";
  let number = numbers.get(name) ?? 1;
  const idOf = (): string => (number === 1 ? name : `${name}-${number}`);
  while (taken.has(idOf())) number++;
  numbers.set(name, number);
  return idOf();
}

function resolve(token: Token, { attachments = {}, linkOf }: MarkdownOptions): void {
  if (token.type === "link_open" && linkOf) token.attrSet("href", linkOf(token.attrGet("href") ?? ""));
  if (token.type !== "image") return;
  const name = /^attachment:(.*)$/.exec(token.attrGet("src") ?? "")?.[1];
  const bundle = name === undefined ? undefined : attachments[decodeName(name)];
  const [mime, data] = Object.entries(bundle ?? {})[0] ?? [];
  if (mime && typeof data === "string") token.attrSet("src", `data:${mime};base64,${data.replace(/\s/g, "")}`);
}

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
