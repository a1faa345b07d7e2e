/** Completion, inspection and is-complete, in code points. */
import type { QuickInfo } from "typescript";
import type { Answers, CompleteAnswer, InspectAnswer, IsCompleteAnswer, Query } from "../../jupyter/ipc";
import type { CellCompiler } from "../compile/cells";
import { completionsAt } from "./completions";
import { parseConvenience } from "../conveniences";
import { withoutCellFiles } from "../compile/diagnostics";
import { documentedAt, joined } from "./documentation";
import { plainText } from "../mime";

const MAX_MATCHES = 1000;
const PREVIEW = 2000;

/** Queries of a front end about code. */
export class Queries {
  constructor(
    private readonly compiler: CellCompiler,
    private readonly variables: Readonly<Record<string, unknown>>,
  ) {}

  answer(query: Query): Answers[keyof Answers] {
    switch (query.kind) {
      case "complete":
        return this.complete(query.code, query.cursor);
      case "inspect":
        return this.inspect(query.code, query.cursor, query.detail);
      case "isComplete":
        return this.isComplete(query.code);
      default:
        return query satisfies never;
    }
  }

  private complete(code: string, cursor: number): CompleteAnswer {
    const position = toUtf16(code, cursor);
    const { start, end, entries } = this.compiler.consult(
      code,
      (draft) => completionsAt(this.compiler.ts, draft, code, position),
      position,
    );
    const shown = entries.slice(0, MAX_MATCHES);
    const kindOf = (name: string, kind: string): string => (kind === "alias" && this.compiler.kindOf(name)) || kind;
    return {
      matches: shown.map(({ name }) => name),
      start: toCodePoints(code, start),
      end: toCodePoints(code, end),
      types: shown.map(({ name, kind }) => ({ text: name, type: kindOf(name, kind) })),
    };
  }

  /** Returns signature, documentation and, for a variable of the session, a preview of its value. */
  inspect(code: string, cursor: number, detail: number): InspectAnswer {
    const position = toUtf16(code, cursor);
    const found = this.compiler.consult(code, (draft) => documentedAt(draft, code, position));
    if (!found) return { found: false, data: {} };
    const { info, documentation, argument = "" } = found;
    const name = code.slice(info.textSpan.start, info.textSpan.start + info.textSpan.length);
    const isMember = /\.\s*$/.test(code.slice(0, info.textSpan.start));
    const value = isMember ? undefined : this.preview(name, detail);
    const parts = { signature: signatureOf(info, this.compiler.kindOf(name)), argument, doc: documentation, value };
    return { found: true, data: { "text/plain": asText(parts), "text/markdown": asMarkdown(parts) } };
  }

  private preview(name: string, detail: number): string | undefined {
    if (!Object.hasOwn(this.variables, name)) return undefined;
    try {
      const text = plainText(this.variables[name]);
      return detail > 0 || text.length <= PREVIEW ? text : `${text.slice(0, PREVIEW)}…`;
    } catch {
      return undefined; // The cell that declares it failed before assigning it.
    }
  }

  private isComplete(code: string): IsCompleteAnswer {
    if (parseConvenience(code)) return { status: "complete" };
    const errors = this.compiler.syntaxErrors(code);
    if (errors.length === 0) return { status: "complete" };
    // A blank line at the end means that the user wants to run the text and see the error.
    if (/\n\s*\n\s*$/.test(code) || errors.some(({ atEnd }) => !atEnd)) {
      return isOpen(errors) ? { status: "incomplete", indent: "  " } : { status: "invalid" };
    }
    return { status: "incomplete", indent: /[{([]\s*$/.test(code) ? "  " : "" };
  }
}

/**
 * Tests for unterminated templates and comments. They are reported where they begin, though more input completes them.
 */
function isOpen(errors: { message: string }[]): boolean {
  return errors.every(({ message }) => /^(?:Unterminated template|'\*\/' expected)/.test(message));
}

interface Parts {
  signature: string;
  argument: string;
  doc: string;
  value: string | undefined;
}

/** Formats a signature. The compiler sees an earlier cell's name as an import that the user did not write. */
function signatureOf({ displayParts }: QuickInfo, kind: string | undefined): string {
  const text = withoutCellFiles(joined(displayParts))
    .replace(/\n(?:import|export) [\w$]+$/, "")
    .replace(/import\("[^"]*"\)\./g, "");
  const signature = text.replace(/^\(alias\) /gm, "").replace(/^import (?=[\w$]+$)/, "namespace ");
  const isBare = signature !== text && kind !== undefined && kind !== "alias" && !/^[a-z ]+ [\w$]/.test(signature);
  return isBare ? `${kind} ${signature}` : signature;
}

function asText({ signature, argument, doc, value }: Parts): string {
  return [signature, argument, doc, value === undefined ? "" : `Value: ${value}`]
    .filter((part) => part !== "")
    .join("\n\n");
}

function asMarkdown({ signature, argument, doc, value }: Parts): string {
  const fence = (language: string, text: string): string => `~~~${language}\n${text}\n~~~`;
  const [about, ...tags] = doc.split(/\n+(?=@\w)/);
  const next = argument.replace(/^(Argument[ \d]*): ([^\n]*)/, "**$1:** `$2`  ");
  const parts = [fence("typescript", signature), next, about!, ...tags.map(tagAsMarkdown)];
  if (value !== undefined) parts.push(`Value:\n\n${fence("", value)}`);
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Formats a tag as a paragraph, because Markdown would join the lines: `*@param* name: text`, as editors show it. */
function tagAsMarkdown(tag: string): string {
  const [, name, text] = /^@(\w+)\s*([^]*)$/.exec(tag) as unknown as [string, string, string];
  if (name === "example") return `*@example*\n\n${text.trim()}`;
  const named = ["param", "template"].includes(name) ? text.replace(/^(\S+)[\s-]*/, "`$1`: ") : text;
  return `*@${name}* ${named.replace(/\s*\n\s*/g, " ").trim()}`;
}

/** Returns the UTF-16 offset of a code point offset; past the end is the end. */
export function toUtf16(text: string, codePoints: number): number {
  let offset = 0;
  for (let count = 0; count < codePoints && offset < text.length; count++) {
    offset += text.codePointAt(offset)! > 0xffff ? 2 : 1;
  }
  return offset;
}

/** Returns the code point offset of a UTF-16 offset. */
export function toCodePoints(text: string, utf16: number): number {
  let count = 0;
  for (let offset = 0; offset < utf16 && offset < text.length; count++) {
    offset += text.codePointAt(offset)! > 0xffff ? 2 : 1;
  }
  return count;
}
