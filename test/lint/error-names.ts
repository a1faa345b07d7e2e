/** Finds the public names that texts of the kernel mention, and the functions that its errors name. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** A name in a source, and its place. */
export interface Mention {
  name: string;
  place: string;
}

/** Folders without sources of the library. */
const OTHERS = ["node_modules", "dist", "dist-browser", "zoo"];
/** Returns the paths of the sources below a folder. */
export const sourcesOf = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return OTHERS.includes(entry.name) ? [] : sourcesOf(path);
    return entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts") ? [path] : [];
  });

/** Endings of files, whose names may begin as a namespace does. */
const FILES = "(?:onnx|html|csv|json|txt)\\b";

/** Functions and classes whose argument at this position is the public function that an error names. */
const TAKERS: readonly (readonly [name: string, position: number])[] = [
  ["RuleError", 0],
  ["checkOptionNames", 0],
  ["checker", 0],
];

/** Sources of the library, read once. */
export class Sources {
  /** Members by the name of a class. */
  readonly classes = new Map<string, Set<string>>();
  private readonly files: ts.SourceFile[];
  private readonly takers = new Map(TAKERS);

  constructor(paths: readonly string[]) {
    this.files = paths.map((path) =>
      ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true),
    );
    const classes = this.files.flatMap((file) => {
      const found: ts.ClassDeclaration[] = [];
      walk(file, (node) => ts.isClassDeclaration(node) && node.name && found.push(node));
      return found;
    });
    for (const one of classes) this.classes.set(nameOf(one), new Set(one.members.flatMap((member) => nameOf(member))));
    this.learn(classes);
  }

  /** Returns all `namespace.member` in texts, for these namespaces. */
  mentions(namespaces: readonly string[]): Mention[] {
    const names = new RegExp(`(?<![\\w.\`/-])(?:${namespaces.join("|")})(?:\\.(?!${FILES})[A-Za-z]\\w*)+`, "g");
    return this.collect((node) => {
      const isImport = ts.isImportDeclaration(node.parent ?? node) || ts.isExportDeclaration(node.parent ?? node);
      return isText(node) && !isImport ? [...node.text.matchAll(names)].map(([name]) => name) : [];
    });
  }

  /** Returns the functions that errors name, as far as they are written in the call or in a constant of the file. */
  named(): Mention[] {
    return this.collect((node) => {
      if (!ts.isNewExpression(node) && !ts.isCallExpression(node)) return [];
      const position = this.takers.get(calledName(node.expression));
      const given = position === undefined ? undefined : node.arguments?.[position];
      return given ? textsOf(given) : [];
    });
  }

  private collect(namesOf: (node: ts.Node) => string[]): Mention[] {
    const found: Mention[] = [];
    for (const file of this.files)
      walk(file, (node) => {
        for (const name of namesOf(node)) found.push({ name, place: placeOf(file, node) });
      });
    return found;
  }

  /** Finds the classes of errors, and where their constructors take the function. */
  private learn(classes: readonly ts.ClassDeclaration[]): void {
    const before = this.takers.size;
    for (const one of classes) {
      const base = one.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types[0];
      const inherited = base && this.takers.get(base.expression.getText());
      if (inherited === undefined) continue;
      const parameters = one.members.find(ts.isConstructorDeclaration)?.parameters;
      this.takers.set(nameOf(one), parameters?.findIndex(({ name }) => name.getText() === "where") ?? inherited);
    }
    if (this.takers.size > before) this.learn(classes);
  }
}

function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

const isText = (node: ts.Node): node is ts.LiteralLikeNode =>
  ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node);

const calledName = (called: ts.Expression): string =>
  ts.isIdentifier(called) ? called.text : ts.isPropertyAccessExpression(called) ? called.name.text : "";

const nameOf = ({ name }: ts.NamedDeclaration): string => (name && ts.isIdentifier(name) ? name.text : "");

const placeOf = (file: ts.SourceFile, node: ts.Node): string =>
  `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;

/** Returns a text, or the one of a constant that the same file declares. */
function textsOf(node: ts.Expression): string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap(textsOf);
  if (!ts.isIdentifier(node)) return [];
  const found: string[] = [];
  for (const statement of node.getSourceFile().statements)
    if (ts.isVariableStatement(statement))
      for (const { name, initializer } of statement.declarationList.declarations)
        if (name.getText() === node.text && initializer && ts.isStringLiteralLike(initializer))
          found.push(initializer.text);
  return found;
}
