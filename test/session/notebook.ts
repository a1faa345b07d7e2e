/** Cells as a session runs them, one after another, in a folder with nothing of ours above it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { Queries } from "../../kernel/session/ask/queries";
import { CellCompiler } from "../../kernel/session/compile/cells";
import { CellDiagnostics } from "../../kernel/session/compile/diagnostics";
import { CellModules } from "../../kernel/session/node/modules";
import { Executor } from "../../kernel/session/run/executor";
import { cellScope, runCell } from "../../kernel/session/run/scope";
import { cellName, CellStacks } from "../../kernel/session/run/stacks";
import { promised } from "../../kernel/session/run/steps";

export class Notebook {
  readonly folder = mkdtempSync(join(tmpdir(), "fovea-cells-"));
  readonly compiler: CellCompiler;
  readonly stacks = new CellStacks();
  readonly executor: Executor;
  readonly queries: Queries;
  /** Number of cells that ran. */
  count = 0;
  private readonly scope = cellScope({} as Parameters<typeof cellScope>[0], false);

  /** @param files files of the folder before the session begins, by path */
  constructor(files: Record<string, string> = {}) {
    for (const [path, text] of Object.entries(files)) this.write(path, text);
    this.compiler = new CellCompiler(this.folder);
    this.executor = new Executor(this.compiler, new CellModules(this.folder, this.compiler), this.stacks);
    this.queries = new Queries(this.compiler, this.executor.variables);
    after(() => rmSync(this.folder, { recursive: true }));
  }

  /** Returns the value of the cell that ran last. */
  async run(...cells: string[]): Promise<unknown> {
    let value: unknown;
    for (const code of cells) {
      const name = cellName(++this.count);
      const result = await runCell(this.scope, () => promised(this.executor.execute(code, name, this.scope)));
      value = result.has ? result.value : undefined;
    }
    return value;
  }

  /** Returns each error of a cell that is refused, as `line:column code`. */
  async refusal(code: string): Promise<string[]> {
    try {
      await this.run(code);
    } catch (error) {
      if (!(error instanceof CellDiagnostics)) throw error;
      return error.diagnostics.map(({ start, code: number }) => `${start.line + 1}:${start.character + 1} TS${number}`);
    }
    return [];
  }

  write(path: string, text: string): void {
    const target = join(this.folder, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }

  writePackage(name: string, fields: object, files: Record<string, string>): void {
    this.write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: "1.0.0", ...fields }));
    for (const [path, text] of Object.entries(files)) this.write(`node_modules/${name}/${path}`, text);
  }

  completions(code: string, cursor = code.length): string[] {
    const answer = this.queries.answer({ kind: "complete", code, cursor });
    return "matches" in answer ? answer.matches : [];
  }

  inspection(code: string, cursor = code.length): string {
    return String(this.queries.inspect(code, cursor, 0).data["text/plain"]);
  }
}
