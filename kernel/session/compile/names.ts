/**
 * Origins of the session's names, and the lines that make names known to another cell. The lines follow a cell that
 * runs, so its positions stay. They precede a draft, because behind it they would be read as part of an open
 * expression, string, template or comment.
 */
import type * as TypeScript from "typescript";
import type { CellFile, ts } from "./typescript";

/** Top-level name of a cell. */
export interface Declaration {
  name: string;
  /** Kind as completion shows it. */
  kind: string;
  isValue: boolean;
  isType: boolean;
  /** True for an assignable name. */
  isMutable: boolean;
}

interface Source {
  module: string;
  declaration: Declaration;
}

/** Cells of a name's value and type, usually the same cell; a type may share its name with a value of another cell. */
interface Origin {
  value?: Source | undefined;
  type?: Source | undefined;
}

/** Names of a session by their cells. */
export class CellNames {
  private readonly origins = new Map<string, Origin>();

  add(module: string, declarations: readonly Declaration[]): void {
    for (const declaration of declarations) {
      const source = { module, declaration };
      const { value, type } = whatRemains(this.origins.get(declaration.name), declaration);
      const origin = { value: declaration.isValue ? source : value, type: declaration.isType ? source : type };
      this.origins.set(declaration.name, origin);
    }
  }

  kindOf(name: string): string | undefined {
    const origin = this.origins.get(name);
    return (origin?.value ?? origin?.type)?.declaration.kind;
  }

  clear(): void {
    this.origins.clear();
  }

  names(): IterableIterator<string> {
    return this.origins.keys();
  }

  /** Returns the cells whose names are known. */
  modules(): Set<string> {
    const sources = [...this.origins.values()].flatMap(({ value, type }) => [value, type]);
    return new Set(sources.flatMap((source) => (source ? [source.module] : [])));
  }

  /** Returns the lines that follow a cell that declares `own`: the earlier names that it mentions, and its exports. */
  suffix(own: readonly Declaration[], mentioned: Iterable<string>): string {
    return `\n${this.lines(own, mentioned)} export { ${own.map(({ name }) => name).join(", ")} };`;
  }

  /**
   * Returns the line before a draft that declares `own`: the earlier names that it mentions. Its `export` makes the
   * draft a module.
   */
  prefix(own: readonly Declaration[], mentioned: Iterable<string>): string {
    return `${this.lines(own, mentioned)} export {};\n`;
  }

  private lines(own: readonly Declaration[], mentioned: Iterable<string>): string {
    const declared = new Map(own.map((declaration) => [declaration.name, declaration]));
    return [...mentioned]
      .flatMap((name) => linesOf(name, whatRemains(this.origins.get(name), declared.get(name))))
      .join(" ");
  }
}

/** Merges origins: a new value keeps a type of the same name, and a new type keeps a value. */
function whatRemains(before: Origin | undefined, declared: Declaration | undefined): Origin {
  if (!before || !declared) return before ?? {};
  const { value, type } = before;
  return {
    value: declared.isValue || value?.declaration.isType ? undefined : value,
    type: declared.isType || type?.declaration.isValue ? undefined : type,
  };
}

/**
 * Returns the lines that declare a name. An import is not assignable; a variable with its type is, and it narrows like
 * any other.
 */
function linesOf(name: string, { value, type }: Origin): string[] {
  const lines: string[] = [];
  const isDeclared = value && value !== type && (type || value.declaration.isMutable);
  const imported = isDeclared ? type : (value ?? type);
  if (imported) lines.push(`import { ${name} } from "./${imported.module}";`);
  if (isDeclared) {
    const keyword = value.declaration.isMutable ? "let" : "const";
    lines.push(`declare ${keyword} ${name}: typeof import("./${value.module}").${name};`);
  }
  return lines;
}

/** Returns the top-level names of a file, including `var` in its blocks. */
export function declarationsOf(ts: ts, file: CellFile): Declaration[] {
  return [...file.locals.values()]
    .filter(
      ({ declarations }) => !declarations?.some((node) => ts.isModuleDeclaration(node) && isAugmentation(ts, node)),
    )
    .map((symbol) => declarationOf(ts, symbol));
}

/** Tests for `declare global { … }` or `declare module "name" { … }`. */
export function isAugmentation(ts: ts, { name, flags }: TypeScript.ModuleDeclaration): boolean {
  return ts.isStringLiteral(name) || (flags & ts.NodeFlags.GlobalAugmentation) !== 0;
}

function declarationOf(ts: ts, { name, flags, declarations }: TypeScript.Symbol): Declaration {
  const { SymbolFlags: Flags } = ts;
  // The target of an alias is unknown here.
  const isAlias = (flags & Flags.Alias) !== 0;
  const isVariable = (flags & Flags.Variable) !== 0;
  const isConstant = declarations?.some((node) => (ts.getCombinedNodeFlags(node) & ts.NodeFlags.Constant) !== 0);
  return {
    name,
    kind: kindOf(ts, flags, isConstant),
    isValue: isAlias || (flags & Flags.Value) !== 0,
    isType: isAlias || (flags & (Flags.Type | Flags.Namespace)) !== 0,
    isMutable: isVariable && !isConstant,
  };
}

function kindOf({ SymbolFlags: Flags }: ts, flags: TypeScript.SymbolFlags, isConstant = false): string {
  if (flags & Flags.Function) return "function";
  if (flags & Flags.Class) return "class";
  if (flags & Flags.Enum) return "enum";
  if (flags & Flags.Module) return "module";
  if (flags & Flags.Variable) return isConstant ? "const" : "let";
  if (flags & Flags.Interface) return "interface";
  return flags & Flags.TypeAlias ? "type" : "alias";
}
