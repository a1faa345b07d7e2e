/** The compiler's own language service over one file for each text, with all earlier cells ahead of it. */
import { join } from "node:path";
import ts from "typescript";
import { compilerOptions, GLOBAL_TYPES } from "../../kernel/session/compile/program";

/** Returns a function that completes at a place of one of the texts. */
export function stockService(
  folder: string,
  earlier: readonly string[],
  texts: readonly string[],
): (code: string, cursor: number) => string[] {
  const ahead = `${earlier.join("\n")}\nexport {};\n`;
  const places = new Map(texts.map((code, at) => [code, join(folder, `stock-${at}.ts`)]));
  const files = new Map([...places].map(([code, path]) => [path, ahead + code]));
  files.set(join(folder, "globals.d.ts"), GLOBAL_TYPES);
  const readFile = (path: string): string | undefined => files.get(path) ?? ts.sys.readFile(path);
  const service = ts.createLanguageService({
    ...ts.sys,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    getCompilationSettings: () => compilerOptions(ts),
    getScriptFileNames: () => [...files.keys()],
    getScriptVersion: () => "1",
    getScriptSnapshot: (path) => {
      const text = readFile(path);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => folder,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: (path) => readFile(path) !== undefined,
    readFile,
  });
  return (code, cursor) => {
    const found = service.getCompletionsAtPosition(places.get(code)!, ahead.length + cursor, undefined);
    return (found?.entries ?? []).map(({ name }) => name);
  };
}
