/** Shapes of arguments, as the compiler knows them: enough to make a call that is nearly right, and then to break it in one place. */
import ts from "typescript";

/** Shape of a value, in words that cross a process border. */
export type Shape =
  | { kind: "value"; value: string | number | boolean }
  | { kind: "array"; items: Shape[] }
  | { kind: "typed"; name: string }
  | { kind: "tensor"; rank: number }
  | { kind: "function" | "empty" }
  | { kind: "object"; required: Record<string, Shape>; optional: Record<string, Shape> };

/** A public function, method of a namespace or class, with the shapes of its parameters. */
export interface PublicFunction {
  /** Dotted name, as `law.fit`. */
  name: string;
  isClass: boolean;
  parameters: Shape[];
}

const DEPTH = 4;

/** Returns the functions and classes that the exports of a file lead to, in their order. */
export function publicFunctions(program: ts.Program, file: string): PublicFunction[] {
  const checker = program.getTypeChecker();
  const shapes = new Shapes(checker);
  const found: PublicFunction[] = [];
  const visit = (symbol: ts.Symbol, prefix: string): void => {
    const behind = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const name = prefix + symbol.name;
    if (behind.flags & ts.SymbolFlags.ValueModule)
      return checker.getExportsOfModule(behind).forEach((inner) => visit(inner, `${name}.`));
    if (!(behind.flags & ts.SymbolFlags.Value)) return;
    const type = checker.getTypeOfSymbol(behind);
    const isClass = Boolean(behind.flags & ts.SymbolFlags.Class);
    const [signature] = isClass ? type.getConstructSignatures() : type.getCallSignatures();
    if (!signature) return;
    const parameters = signature.getParameters().map((one) => shapes.of(checker.getTypeOfSymbol(one)));
    found.push({ name, isClass, parameters });
  };
  const source = program.getSourceFile(file) as ts.SourceFile;
  const module = checker.getSymbolAtLocation(source) as ts.Symbol;
  checker.getExportsOfModule(module).forEach((symbol) => visit(symbol, ""));
  return found;
}

class Shapes {
  constructor(private readonly checker: ts.TypeChecker) {}

  of(type: ts.Type, depth = 0): Shape {
    if (type.isUnion()) return this.of(this.firstOf(type), depth);
    if (type.isIntersection()) return this.object(type, depth);
    if (type.isStringLiteral() || type.isNumberLiteral()) return { kind: "value", value: type.value };
    if (type.flags & ts.TypeFlags.StringLike) return { kind: "value", value: "x" };
    if (type.flags & ts.TypeFlags.NumberLike) return { kind: "value", value: 1 };
    if (type.flags & ts.TypeFlags.BooleanLike) return { kind: "value", value: true };
    const bound = type.flags & ts.TypeFlags.TypeParameter ? type.getConstraint() : undefined;
    if (bound) return this.of(bound, depth + 1);
    if (!(type.flags & ts.TypeFlags.Object) || depth > DEPTH) return { kind: "empty" };
    return this.named(type) ?? this.list(type, depth) ?? this.object(type, depth);
  }

  private firstOf(type: ts.UnionType): ts.Type {
    return type.types.find((one) => !(one.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Null))) ?? type.types[0];
  }

  private named(type: ts.Type): Shape | undefined {
    const name = type.getSymbol()?.name ?? "";
    if (/^(Uint|Int|Float|BigInt|BigUint)\d+(Clamped)?Array$/.test(name)) return { kind: "typed", name };
    const rank = /^Tensor(\d?)D?$/.exec(name);
    if (rank) return { kind: "tensor", rank: Number(rank[1] || 2) };
    if (type.getCallSignatures().length > 0) return { kind: "function" };
    return undefined;
  }

  private list(type: ts.Type, depth: number): Shape | undefined {
    const items = this.checker.getTypeArguments(type as ts.TypeReference);
    if (this.checker.isTupleType(type)) return { kind: "array", items: items.map((item) => this.of(item, depth + 1)) };
    if (!this.checker.isArrayType(type)) return undefined;
    const item = this.of(items[0], depth + 1);
    return { kind: "array", items: [item, item] };
  }

  private object(type: ts.Type, depth: number): Shape {
    const [required, optional]: Record<string, Shape>[] = [{}, {}];
    for (const property of type.getProperties()) {
      if (property.flags & ts.SymbolFlags.Method) continue;
      const into = property.flags & ts.SymbolFlags.Optional ? optional : required;
      into[property.name] = this.of(this.checker.getTypeOfSymbol(property), depth + 1);
    }
    return { kind: "object", required, optional };
  }
}
