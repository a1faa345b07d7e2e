/** Signature and documentation of the name at a place, or of the function whose arguments are around it. */
import type { CallExpression, JSDocTagInfo, LanguageService, Node, QuickInfo, SymbolDisplayPart } from "typescript";
import type { Draft } from "./cells";

export interface Documented {
  /** Its span counts in the text that was asked about. */
  info: QuickInfo;
  documentation: string;
}

export function documentedAt(draft: Draft, code: string, position: number): Documented | undefined {
  const place = draft.offset + position;
  const at = (there: number | undefined): Documented | undefined =>
    there === undefined ? undefined : nameAt(draft, there);
  // A cursor just behind a name means that name; behind a comma it means the next argument.
  const isBehind = position > 0 && code[position - 1] !== ",";
  return at(place) ?? (isBehind ? at(place - 1) : undefined) ?? at(calledAround(draft, place));
}

function nameAt({ service, fileName, offset }: Draft, place: number): Documented | undefined {
  const info = service.getQuickInfoAtPosition(fileName, place);
  if (!info || info.textSpan.start < offset) return undefined;
  const textSpan = { start: info.textSpan.start - offset, length: info.textSpan.length };
  return {
    info: { ...info, textSpan },
    documentation: docOf(info) || docWhereDeclared(service, fileName, place),
  };
}

/** Where the name ends that is called with the arguments around a place. */
function calledAround({ service, fileName }: Draft, place: number): number | undefined {
  const help = service.getSignatureHelpItems(fileName, place, undefined);
  const file = service.getProgram()?.getSourceFile(fileName);
  return help && file && endOfCalled(file, help.applicableSpan.start);
}

function endOfCalled(node: Node, start: number): number | undefined {
  // Of calls, `new` and what else has arguments.
  const { expression, arguments: values, typeArguments: types } = node as Partial<CallExpression>;
  if (values?.pos === start || types?.pos === start) return expression?.end;
  return node.forEachChild((child) => endOfCalled(child, start));
}

export function joined(parts: SymbolDisplayPart[] | undefined): string {
  return (parts ?? []).map(({ text }) => text).join("");
}

function docOf({ documentation, tags }: QuickInfo): string {
  const lines = [joined(documentation), ...(tags ?? []).map(tagLine)];
  return lines.filter((line) => line !== "").join("\n");
}

function tagLine({ name, text }: JSDocTagInfo): string {
  return `@${name} ${joined(text)}`.trimEnd();
}

/** Other files than cells are held without documentation, so it is read from their text. */
function docWhereDeclared(service: LanguageService, fileName: string, position: number): string {
  const program = service.getProgram();
  for (const { fileName: file, contextSpan } of service.getDefinitionAtPosition(fileName, position) ?? []) {
    const before = contextSpan && program?.getSourceFile(file)?.text.slice(0, contextSpan.start);
    const comment = /\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*$/.exec(before ?? "");
    if (comment) return contentOf(comment[0].trimEnd());
  }
  return "";
}

/** Without the comment's marks. */
function contentOf(comment: string): string {
  return comment
    .slice("/**".length, -"*/".length)
    .replace(/^[ \t]*\*? ?/gm, "")
    .trim();
}
