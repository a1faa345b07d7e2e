/** Signature and documentation of the name at a place. */
import type { JSDocTagInfo, LanguageService, QuickInfo, SymbolDisplayPart } from "typescript";

export interface Documented {
  info: QuickInfo;
  documentation: string;
}

export function documentedAt(service: LanguageService, fileName: string, position: number): Documented | undefined {
  const info = service.getQuickInfoAtPosition(fileName, position);
  return info && { info, documentation: docOf(info) || docWhereDeclared(service, fileName, position) };
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
