import { isRecord } from "./json-text";
import type { RuleError } from "./rule-error";

/** Kinds of arguments that a check can tell apart, by the words of their rule. */
const WORDS = {
  array: "an array",
  bytes: "a Uint8Array",
  function: "a function",
  list: "an array of numbers",
  map: "a Map",
  module: "a module of layers",
  number: "a number",
  object: "an object",
  size: "a whole number of at least 1",
  string: "a text",
  tensor: "a tensor",
} as const;

/** Kind of an argument: a word, the kind of an array's items in brackets, or kinds by key of an object. */
export type ArgumentKind = keyof typeof WORDS | readonly [ArgumentKind] | { readonly [key: string]: ArgumentKind };

const HOLDS: Readonly<Record<keyof typeof WORDS, (value: unknown) => boolean>> = {
  array: Array.isArray,
  bytes: (value) => value instanceof Uint8Array,
  function: (value) => typeof value === "function",
  list: (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)),
  map: (value) => value instanceof Map,
  module: (value) => isRecord(value) && typeof value.namedParameters === "function",
  number: (value) => typeof value === "number",
  object: isRecord,
  size: (value) => Number.isInteger(value) && (value as number) >= 1,
  string: (value) => typeof value === "string",
  tensor: (value) => isRecord(value) && Array.isArray(value.shape) && typeof value.dataSync === "function",
};

/** Place of a value inside of an argument, its rule and the value. */
type Broken = readonly [place: string, rule: string, received: unknown];

function brokenIn(place: string, value: unknown, kind: ArgumentKind): Broken | undefined {
  if (typeof kind === "string") return HOLDS[kind](value) ? undefined : [place, WORDS[kind], value];
  if (isItems(kind)) {
    if (!Array.isArray(value)) return [place, WORDS.array, value];
    // An index also meets holes, which `forEach` skips.
    for (let i = 0; i < value.length; i++) {
      const broken = brokenIn(`${place}[${i}]`, value[i], kind[0]);
      if (broken) return broken;
    }
    return undefined;
  }
  if (!isRecord(value) && typeof value !== "function") return [place, WORDS.object, value];
  const at = value as Record<string, unknown>;
  for (const key in kind) {
    const broken = brokenIn(`${place}.${key}`, at[key], kind[key]);
    if (broken) return broken;
  }
  return undefined;
}

const isItems = (kind: ArgumentKind): kind is readonly [ArgumentKind] => Array.isArray(kind);

/**
 * Refuses arguments of another kind than declared: cells and scripts hand on values that no compiler has seen, as parsed JSON. A
 * function checks here only the structure that it would trip over; ranges and options have checks nearby.
 *
 * @param given arguments by name
 * @param kinds kind of each
 * @throws the room's error, which names the argument, down to its item or key
 */
export function checkArguments<T extends object>(
  where: string,
  Failure: new (where: string, rule: string, received: unknown) => RuleError,
  given: T,
  kinds: { readonly [K in keyof T]: ArgumentKind },
): void {
  for (const name in given) {
    const broken = brokenIn(name, given[name], kinds[name]);
    if (broken) throw new Failure(where, `${broken[0]} must be ${broken[1]}`, broken[2]);
  }
}
