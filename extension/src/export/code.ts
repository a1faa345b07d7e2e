/** The TypeScript that makes a view again. */

const LONGEST = 90;
const PLAIN = /^[A-Za-z_$][\w$]*$/;

/** Text that stands in the code as it is, and not as a string. */
export class Raw {
  constructor(readonly text: string) {}
}

/** A literal: numbers, strings, lists, objects; `undefined` entries are left out. */
export function literal(value: unknown, indent = ""): string {
  if (value instanceof Raw) return value.text;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const inner = `${indent}  `;
  const isList = Array.isArray(value);
  const parts = isList
    ? value.map((item: unknown) => literal(item, inner))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => `${PLAIN.test(key) ? key : JSON.stringify(key)}: ${literal(item, inner)}`);
  if (parts.length === 0) return isList ? "[]" : "{}";
  const short = isList ? `[${parts.join(", ")}]` : `{ ${parts.join(", ")} }`;
  if (!short.includes("\n") && indent.length + short.length <= LONGEST) return short;
  const [open, close] = isList ? "[]" : "{}";
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close}`;
}

/** A cell: its imports of the library, then its statements; `undefined` ones are left out. */
export function cell(names: readonly string[], statements: readonly (string | undefined)[]): string {
  const body = statements.filter((text) => text !== undefined).join("\n");
  return `import { ${names.join(", ")} } from "fovea";\n\n${body}`;
}

/** A declaration of a constant. */
export function declare(name: string, value: unknown): string {
  return `const ${name} = ${literal(value)};`;
}

/** Text of the reader as a comment: one line, whatever it holds. */
export function comment(text: string): string {
  return `// ${text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ")}`;
}

/** A call of a function of the library; options without any entry are left out. */
export function call(name: string, args: readonly unknown[], options: Readonly<Record<string, unknown>>): string {
  const given = Object.values(options).some((value) => value !== undefined) ? [...args, options] : args;
  const texts = given.map((arg) => literal(arg));
  const short = `${name}(${texts.join(", ")})`;
  if (!short.includes("\n") && short.length <= LONGEST) return short;
  const long = given.map((arg) => `  ${literal(arg, "  ")},\n`).join("");
  return `${name}(\n${long})`;
}
