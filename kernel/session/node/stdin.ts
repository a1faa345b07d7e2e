/**
 * Standard input of a session: `readline`'s `question` asks in the notebook as `prompt` does. Other ways to read lines or bytes
 * would wait for good, as a front end sends nothing that was not asked for; they are refused, naming `prompt`.
 */
import { createRequire, syncBuiltinESMExports } from "node:module";
import { PassThrough, Readable } from "node:stream";
import { promisify } from "node:util";

/** Error of code that waits for input that nobody was asked for. */
export class NoStandardInput extends Error {
  override name = "NoStandardInput";
  constructor(what: string) {
    super(
      `${what}: a notebook sends no input that was not asked for; use prompt("…"), or question("…") of node:readline`,
    );
  }
}

type Ask = (message: string) => string;
type Callback = (answer: string) => void;
type AnyFunction = (...args: unknown[]) => unknown;
/** Part of both kinds of interfaces that is replaced. */
interface Lines {
  closed: boolean;
  question: AnyFunction;
  on: AnyFunction;
  addListener: AnyFunction;
  once: AnyFunction;
  [Symbol.asyncIterator]: AnyFunction;
}
interface Readlines {
  createInterface: AnyFunction;
}

const MODULES = new Set(["readline", "node:readline", "readline/promises", "node:readline/promises"]);

let ask: Ask | undefined;
let isPatched = false;

/**
 * Replaces `process.stdin`.
 *
 * @param asked asks the front end for a line and waits for it
 * @param fail ends the cell that waits; false without one
 */
export function installStdin(asked: Ask, fail: (error: Error) => boolean): void {
  ask = asked;
  let stream: Readable | undefined;
  const read = (): void => {
    const error = new NoStandardInput("process.stdin");
    const broken = stream;
    stream = undefined;
    broken?.destroy(fail(error) ? undefined : error);
  };
  const get = (): Readable => (stream ??= Object.assign(new Readable({ read }), { fd: 0 }));
  Object.defineProperty(process, "stdin", { get, configurable: true, enumerable: true });
}

/** Replaces `createInterface` of both modules of `readline`, before the first of them is loaded. */
export function patchReadline(specifier: string): void {
  if (isPatched || !ask || !MODULES.has(specifier)) return;
  isPatched = true;
  const load = createRequire(__filename);
  patch(load("node:readline") as Readlines, askWithCallback);
  patch(load("node:readline/promises") as Readlines, askWithPromise);
  syncBuiltinESMExports();
}

function patch(module: Readlines, question: (lines: Lines, query: string, rest: unknown[]) => unknown): void {
  const original = module.createInterface;
  module.createInterface = (...args: unknown[]): unknown => {
    const options = (args[0] as { input?: unknown } | undefined)?.input
      ? (args[0] as object)
      : { input: args[0], output: args[1] };
    if ((options as { input?: unknown }).input !== process.stdin) return original(...args);
    const lines = original(Object.assign({}, options, { input: new PassThrough(), terminal: false })) as Lines;
    return withQuestion(lines, (query, rest) => question(lines, query, rest));
  };
}

function withQuestion(lines: Lines, question: (query: string, rest: unknown[]) => unknown): Lines {
  const refuse = (): never => {
    throw new NoStandardInput("readline: lines");
  };
  lines.question = (query, ...rest) => question(String(query), rest);
  Object.defineProperty(lines.question, promisify.custom, {
    value: async (query: string) => ask!(query),
  });
  for (const method of ["on", "addListener", "once"] as const) {
    const original = lines[method];
    lines[method] = (name, ...rest) => (name === "line" ? refuse() : original.call(lines, name, ...rest));
  }
  lines[Symbol.asyncIterator] = refuse;
  return lines;
}

function askWithCallback(lines: Lines, query: string, rest: unknown[]): void {
  const answer = answerOf(lines, query);
  process.nextTick(rest.at(-1) as Callback, answer);
}

async function askWithPromise(lines: Lines, query: string): Promise<string> {
  return answerOf(lines, query);
}

function answerOf(lines: Lines, query: string): string {
  if (lines.closed) throw Object.assign(new Error("readline was closed"), { code: "ERR_USE_AFTER_CLOSE" });
  return ask!(query);
}
