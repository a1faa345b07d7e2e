/** Finds parameters of the public interface that take an options object, and whether its names are checked. */
import ts from "typescript";

/** A function that may be called from outside. */
type Callable = ts.FunctionLikeDeclaration & { body?: ts.Node };

/** An options object of a public function, method or constructor. */
export interface OptionsParameter {
  /** Dotted public name and the parameter's, as `law.cScore(options)`. */
  name: string;
  isChecked: boolean;
}

/** Functions that refuse unknown names, and the place of the object among their arguments. */
const CHECKS: Readonly<Record<string, number>> = { checkOptionNames: 1, filled: 2 };
const OPTION_WORDS = /(options|settings|config|plan)$/i;

/** Returns the options objects of everything that the exports of a file lead to. */
export function optionsParameters(program: ts.Program, file: string): OptionsParameter[] {
  return new Walk(program.getTypeChecker()).of(program.getSourceFile(file) as ts.SourceFile);
}

class Walk {
  private readonly found: OptionsParameter[] = [];
  private readonly seen = new Set<ts.Node>();
  /** Answers by parameter; one that is being asked for counts as unchecked, so that recursion ends. */
  private readonly answers = new Map<ts.Node, boolean>();

  constructor(private readonly checker: ts.TypeChecker) {}

  of(file: ts.SourceFile): OptionsParameter[] {
    this.module(this.checker.getSymbolAtLocation(file) as ts.Symbol, "");
    return this.found;
  }

  private module(symbol: ts.Symbol, prefix: string): void {
    for (const inner of this.checker.getExportsOfModule(symbol)) this.symbol(inner, prefix + inner.name);
  }

  private symbol(symbol: ts.Symbol, name: string): void {
    // A class that is exported as a type alone is made by the library.
    if (symbol.declarations?.some((node) => ts.isTypeOnlyExportDeclaration(node))) return;
    const target = this.behind(symbol);
    if (target.flags & ts.SymbolFlags.ValueModule) return this.module(target, `${name}.`);
    for (const declaration of target.declarations ?? []) this.declaration(declaration, name);
  }

  private behind(symbol: ts.Symbol): ts.Symbol {
    return symbol.flags & ts.SymbolFlags.Alias ? this.checker.getAliasedSymbol(symbol) : symbol;
  }

  private declaration(node: ts.Declaration, name: string): void {
    if (this.seen.has(node) || isHidden(node) || node.getSourceFile().isDeclarationFile) return;
    this.seen.add(node);
    if (ts.isClassDeclaration(node)) return node.members.forEach((member) => this.member(member, name));
    if (ts.isShorthandPropertyAssignment(node))
      return this.symbol(this.checker.getShorthandAssignmentValueSymbol(node) as ts.Symbol, name);
    const value = ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node) ? node.initializer : node;
    if (value && isCallable(value)) this.callable(value, name);
    if (value && ts.isObjectLiteralExpression(value))
      for (const one of this.checker.getTypeAtLocation(value).getProperties()) this.symbol(one, `${name}.${one.name}`);
  }

  private member(member: ts.ClassElement, name: string): void {
    if (isHidden(member)) return;
    if (ts.isConstructorDeclaration(member)) this.callable(member, `new ${name}`);
    if (ts.isMethodDeclaration(member)) this.callable(member, `${name}.${member.name.getText()}`);
  }

  private callable(node: Callable, name: string): void {
    if (!node.body) return;
    for (const parameter of node.parameters) {
      if (!this.isOptions(parameter)) continue;
      const label = ts.isIdentifier(parameter.name) ? parameter.name.text : "{ … }";
      this.found.push({ name: `${name}(${label})`, isChecked: this.isChecked(parameter) });
    }
  }

  /** True for an object of the library's own type whose names say that it sets something, or that has something to leave out. */
  private isOptions(parameter: ts.ParameterDeclaration): boolean {
    const type = this.checker.getNonNullableType(this.checker.getTypeAtLocation(parameter));
    const parts = type.isIntersection() ? type.types : [type];
    if (!parts.every((part) => part.flags & ts.TypeFlags.Object) || type.getCallSignatures().length) return false;
    if (parts.some((part) => part.isClass() || this.checker.isArrayLikeType(part) || isOutside(part))) return false;
    const names = [parameter.name.getText(), ...parts.map((part) => (part.aliasSymbol ?? part.symbol)?.name ?? "")];
    const isOptional = (one: ts.Symbol): boolean => Boolean(one.flags & ts.SymbolFlags.Optional);
    return names.some((one) => OPTION_WORDS.test(one)) || type.getProperties().some(isOptional);
  }

  isChecked(parameter: ts.ParameterDeclaration): boolean {
    const known = this.answers.get(parameter);
    if (known !== undefined) return known;
    this.answers.set(parameter, false);
    const answer = this.findCheck(parameter);
    this.answers.set(parameter, answer);
    return answer;
  }

  /** Follows the object, what is left of it after some options are taken, and copies of it, to a check of its names. */
  private findCheck(parameter: ts.ParameterDeclaration): boolean {
    const carriers = new Set<ts.Symbol>();
    const carry = (name: ts.BindingName): void => {
      if (ts.isIdentifier(name)) return this.symbolsOf(name).forEach((symbol) => carriers.add(symbol));
      const rest = name.elements.find((one) => ts.isBindingElement(one) && one.dotDotDotToken);
      if (rest && ts.isBindingElement(rest)) carry(rest.name);
    };
    carry(parameter.name);
    let isChecked = false;
    const carries = (node: ts.Expression): boolean => {
      if (ts.isIdentifier(node)) return carriers.has(this.symbolOf(node) as ts.Symbol);
      if (ts.isAsExpression(node) || ts.isParenthesizedExpression(node)) return carries(node.expression);
      if (ts.isBinaryExpression(node)) return carries(node.left);
      if (ts.isConditionalExpression(node)) return carries(node.whenTrue) || carries(node.whenFalse);
      if (ts.isObjectLiteralExpression(node))
        return node.properties.some((one) => ts.isSpreadAssignment(one) && carries(one.expression));
      return ts.isCallExpression(node) && nameOf(node) === "given" && node.arguments.some(carries);
    };
    const visit = (node: ts.Node): void => {
      if (ts.isVariableDeclaration(node) && node.initializer && carries(node.initializer)) carry(node.name);
      if (ts.isCallExpression(node) || ts.isNewExpression(node))
        node.arguments?.forEach((one, i) => (isChecked ||= carries(one) && this.checksArgument(node, i)));
      ts.forEachChild(node, visit);
    };
    if ((parameter.parent as Callable).body) visit((parameter.parent as Callable).body as ts.Node);
    return isChecked;
  }

  /** A parameter that is a property too has two symbols. */
  private symbolsOf(name: ts.Identifier): ts.Symbol[] {
    const { parent } = name;
    if (ts.isParameter(parent) && ts.isParameterPropertyDeclaration(parent, parent.parent))
      return this.checker.getSymbolsOfParameterPropertyDeclaration(parent, name.text);
    return [this.checker.getSymbolAtLocation(name) as ts.Symbol];
  }

  private symbolOf(node: ts.Identifier): ts.Symbol | undefined {
    if (ts.isShorthandPropertyAssignment(node.parent))
      return this.checker.getShorthandAssignmentValueSymbol(node.parent);
    return this.checker.getSymbolAtLocation(node);
  }

  private checksArgument(call: ts.CallExpression | ts.NewExpression, index: number): boolean {
    if (Object.hasOwn(CHECKS, nameOf(call))) return index === CHECKS[nameOf(call)];
    const parameter = this.implementations(call)
      .map(({ parameters }) => parameters[index])
      .find((one) => one !== undefined);
    return parameter !== undefined && this.isChecked(parameter);
  }

  /** Declarations with a body behind a call: that of an overload is another one than the resolved signature's. */
  private implementations(call: ts.CallExpression | ts.NewExpression): Callable[] {
    const declaration = this.checker.getResolvedSignature(call)?.declaration;
    if (!declaration || ts.isJSDocSignature(declaration)) return [];
    if (isCallable(declaration) && declaration.body) return [declaration];
    const symbol = declaration.parent && "symbol" in declaration ? (declaration.symbol as ts.Symbol) : undefined;
    return (symbol?.declarations ?? []).filter((one): one is Callable & ts.Declaration => isCallable(one));
  }
}

const isCallable = (node: ts.Node): node is Callable =>
  ts.isFunctionDeclaration(node) ||
  ts.isArrowFunction(node) ||
  ts.isFunctionExpression(node) ||
  ts.isMethodDeclaration(node) ||
  ts.isConstructorDeclaration(node);

const nameOf = ({ expression }: ts.CallExpression | ts.NewExpression): string =>
  ts.isIdentifier(expression) ? expression.text : "";

function isHidden(node: ts.Node): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  if (ts.getJSDocTags(node).some(({ tagName }) => tagName.text === "internal")) return true;
  return ts.isClassElement(node) && (ts.getCombinedModifierFlags(node) & hidden) !== 0;
}

/** True for a type that another package declares. */
const isOutside = (type: ts.Type): boolean =>
  Boolean(type.symbol?.declarations?.some((node) => node.getSourceFile().isDeclarationFile));
