/** Signature and documentation of the name at a place, or of the function whose arguments are around it. */
import type {
  CallExpression,
  DefinitionInfo,
  JSDocTagInfo,
  LanguageService,
  Node,
  QuickInfo,
  SignatureHelpItems,
  SymbolDisplayPart,
} from "typescript";
import type { Draft } from "../compile/typescript";

export interface Documented {
  /** Quick info; its span counts in the given text. */
  info: QuickInfo;
  documentation: string;
  /** Parameter that the cursor stands at, as `options?: Options`, and what is known of it. */
  argument?: string;
}

/** Returns the quick info at a place of a draft. */
export function documentedAt(draft: Draft, code: string, position: number): Documented | undefined {
  const place = draft.offset + position;
  const at = (there: number | undefined): Documented | undefined =>
    there === undefined ? undefined : nameAt(draft, there);
  // A cursor directly behind a name means that name; behind what opens an argument it means the argument.
  const before = position > 0 ? code[position - 1]! : ",";
  const behind = before === "," ? undefined : place - 1;
  if ("(,<".includes(before)) return at(place) ?? calledAround(draft, place) ?? at(behind);
  return at(place) ?? at(behind) ?? calledAround(draft, place);
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

/** Describes the function whose arguments surround a place, and the parameter that is next there. */
function calledAround(draft: Draft, place: number): Documented | undefined {
  const { service, fileName } = draft;
  const help = service.getSignatureHelpItems(fileName, place, undefined);
  const file = service.getProgram()?.getSourceFile(fileName);
  const end = help && file && endOfCalled(file, help.applicableSpan.start);
  const called = end === undefined ? undefined : nameAt(draft, end);
  return called && help ? { ...called, argument: argumentOf(help, called.documentation) } : called;
}

/** Describes the parameter at the cursor; empty behind the last one. */
function argumentOf({ items, selectedItemIndex, argumentIndex }: SignatureHelpItems, documentation: string): string {
  const { parameters, isVariadic } = items[selectedItemIndex] ?? items[0]!;
  const parameter = parameters[isVariadic ? Math.min(argumentIndex, parameters.length - 1) : argumentIndex];
  if (!parameter) return "";
  const tags = documentation.split(/\n+(?=@)/).map((tag) => /^@param\s+\[?([\w$]+)\]?[\s-]+([^]*)$/.exec(tag));
  const told = joined(parameter.documentation) || tags.find((tag) => tag?.[1] === parameter.name)?.[2];
  const number = isVariadic || parameters.length > 1 ? ` ${argumentIndex + 1}` : "";
  const shown = joined(parameter.displayParts).replace(/import\("[^"]*"\)\./g, "");
  return `Argument${number}: ${shown}${told ? `\n${told.replace(/\s*\n\s*/g, " ")}` : ""}`;
}

function endOfCalled(node: Node, start: number): number | undefined {
  // Calls, `new` and other nodes with arguments.
  const { expression, arguments: values, typeArguments: types } = node as Partial<CallExpression>;
  if (values?.pos === start || types?.pos === start) return expression?.end;
  return node.forEachChild((child) => endOfCalled(child, start));
}

/** Joins display parts to text. */
export function joined(parts: SymbolDisplayPart[] | undefined): string {
  return (parts ?? []).map(({ text }) => text).join("");
}

function docOf({ documentation, tags }: QuickInfo): string {
  const text = joined(documentation);
  const lines = (tags ?? []).map(tagLine);
  return [text, lines.join("\n")].filter((part) => part !== "").join("\n\n");
}

function tagLine({ name, text }: JSDocTagInfo): string {
  return `@${name} ${joined(text)}`.trimEnd();
}

/** Reads documentation from the text of files other than cells, which the compiler holds without documentation. */
function docWhereDeclared(service: LanguageService, fileName: string, position: number): string {
  const program = service.getProgram();
  const declared = service.getDefinitionAtPosition(fileName, position) ?? [];
  // `fit` of `{ fit: typeof fit }` is documented at the function's declaration.
  const types = service.getTypeDefinitionAtPosition(fileName, position) ?? [];
  const documented = types.filter(({ kind }) => kind === "function" || kind === "module");
  for (const definition of [...declared, ...documented]) {
    const doc = docBefore(definition, program?.getSourceFile(definition.fileName)?.text ?? "");
    if (doc !== "") return doc;
  }
  return "";
}

function docBefore({ kind, contextSpan }: DefinitionInfo, text: string): string {
  // A file imported as a whole is described by its first comment.
  const isFile = kind === "module" && contextSpan === undefined;
  const comment = isFile
    ? /^\s*\/\*\*(?:[^*]|\*(?!\/))*\*\//.exec(text)
    : /\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*$/.exec(contextSpan ? text.slice(0, contextSpan.start) : "");
  return comment ? contentOf(comment[0].trim()) : "";
}

/** Removes the comment's marks and puts a blank line before its tags. */
function contentOf(comment: string): string {
  return comment
    .slice("/**".length, -"*/".length)
    .replace(/^[ \t]*\*? ?/gm, "")
    .trim()
    .replace(/\s*\n(?=@\w)/, "\n\n")
    .replace(/\{@link(?:code|plain)?\s+([^\s|}]+)[^}]*\}/g, "`$1`");
}
