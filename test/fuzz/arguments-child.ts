/** Calls public functions with arguments that are wrong in one place, in a process that can be ended when a call never ends. */
import { writeSync } from "node:fs";
import * as fovea from "../../kernel/index.ts";
import { tf } from "../../kernel/backend/tf.ts";
import { RuleError } from "../../kernel/rules/rule-error.ts";
import type { PublicFunction, Shape } from "./shapes.ts";

const PATIENCE_MS = 500;
/** Number of keys and items that lead to the deepest place. */
const DEPTH = Number(process.env.FOVEA_SWEEP_DEPTH);
const WRONG: Record<string, () => unknown> = {
  undefined: () => undefined,
  null: () => null,
  "5": () => 5,
  '"x"': () => "x",
  "{}": () => ({}),
  "[]": () => [],
  NaN: () => NaN,
  "[null]": () => [null],
};

type Path = (string | number)[];

function valueOf(shape: Shape): unknown {
  switch (shape.kind) {
    case "value":
      return shape.value;
    case "array":
      return shape.items.map(valueOf);
    case "typed":
      return new (globalThis as unknown as Record<string, new (length: number) => unknown>)[shape.name](4);
    case "tensor":
      return tf.zeros(Array.from({ length: shape.rank }, () => 2));
    case "function":
      return () => undefined;
    case "empty":
      return {};
    case "object":
      return Object.fromEntries(Object.entries(shape.required).map(([key, one]) => [key, valueOf(one)]));
  }
}

/** Places of a shape: itself, its keys, its first item. */
function placesOf(shape: Shape, depth = 0): Path[] {
  if (depth >= DEPTH) return [[]];
  if (shape.kind === "array" && shape.items.length > 0)
    return [[], ...placesOf(shape.items[0], depth + 1).map((path) => [0, ...path])];
  if (shape.kind !== "object") return [[]];
  const keys = Object.entries({ ...shape.required, ...shape.optional });
  return [[], ...keys.flatMap(([key, one]) => placesOf(one, depth + 1).map((path) => [key, ...path]))];
}

/** Value of a shape with another value in one place. */
function brokenAt(shape: Shape, path: Path, wrong: unknown): unknown {
  if (path.length === 0) return wrong;
  const value = valueOf(shape) as Record<string | number, unknown>;
  const [key, ...rest] = path;
  if (shape.kind === "array") value[key] = brokenAt(shape.items[key as number], rest, wrong);
  if (shape.kind === "object") value[key] = brokenAt(shape.required[key] ?? shape.optional[key], rest, wrong);
  return value;
}

const resolve = (name: string): unknown =>
  name.split(".").reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], fovea);

async function outcomeOf(call: () => unknown): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((done) => (timer = setTimeout(done, PATIENCE_MS)));
  try {
    await Promise.race([call(), late]);
  } catch (error) {
    if (error instanceof RuleError) return undefined;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const frames = error instanceof Error ? (error.stack ?? "").split("\n") : [];
    const frame = frames.find((line) => line.includes("/kernel/"))?.replace(/^.*\/kernel\//, "kernel/") ?? "";
    return `${text.split("\n")[0].slice(0, 160)} @ ${frame.replace(/:\d+\)?$/, "")}`;
  } finally {
    clearTimeout(timer);
  }
  return undefined;
}

async function sweep({ name, isClass, parameters }: PublicFunction): Promise<void> {
  const target = resolve(name) as (...given: unknown[]) => unknown;
  const call = (given: unknown[]): unknown =>
    isClass ? new (target as unknown as new (...given: unknown[]) => unknown)(...given) : target(...given);
  const report = (where: string, error: string | undefined): void => {
    if (error) writeSync(3, `${JSON.stringify({ name, where, error })}\n`);
  };
  report("()", await outcomeOf(() => call([])));
  for (const [i, shape] of parameters.entries())
    for (const path of placesOf(shape))
      for (const [word, wrong] of Object.entries(WRONG)) {
        const given = parameters.map((one, at) => (at === i ? brokenAt(shape, path, wrong()) : valueOf(one)));
        report(`${i}.${path.join(".")} = ${word}`, await outcomeOf(() => call(given)));
      }
}

process.on("unhandledRejection", (error) => {
  if (!(error instanceof RuleError))
    writeSync(3, `${JSON.stringify({ name: "?", where: "late", error: String(error) })}\n`);
});
process.once("message", async (functions: PublicFunction[]) => {
  await fovea.nn.start("cpu");
  for (const one of functions) {
    writeSync(3, `${JSON.stringify({ begin: one.name })}\n`);
    await sweep(one);
  }
  writeSync(3, `${JSON.stringify({ end: true })}\n`);
  process.exit();
});
