/** Seeded damage to bytes, text and JSON. The same seed and input give the same damage. */
import type { Prng } from "../../kernel/numeric/prng.ts";

const NASTY_NUMBERS = [0, -1, 1, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 63), 1e308, 1e-300, 0.5, NaN, Infinity];
const NASTY_TEXTS = [
  "",
  "__proto__",
  "constructor",
  "toString",
  "\0",
  "..",
  "/",
  "a".repeat(5000),
  "\uD800",
  "𝒳",
  "%s",
  "null",
];
const DEEPEST = 20_000;

const pick = <T>(random: Prng, items: readonly T[]): T => items[random.int(items.length)];

/** One to four wounds: bits flipped, bytes replaced, parts cut out, doubled, moved, and the end cut off. */
export function damageBytes(bytes: Uint8Array, random: Prng): Uint8Array {
  let out = Uint8Array.from(bytes);
  for (let wounds = 1 + random.int(4); wounds > 0; wounds--) out = wound(out, random);
  return out;
}

function wound(bytes: Uint8Array, random: Prng): Uint8Array {
  const at = random.int(bytes.length + 1);
  const length = random.int(1 + Math.min(64, bytes.length - at));
  const part = bytes.subarray(at, at + length);
  switch (random.int(6)) {
    case 0:
      if (at < bytes.length) bytes[at] ^= 1 << random.int(8);
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = pick(random, [0, 1, 0x7f, 0x80, 0xff, random.int(256)]);
      return bytes;
    case 2:
      return joined([bytes.subarray(0, at), bytes.subarray(at + length)]);
    case 3:
      return joined([bytes.subarray(0, at), part, part, bytes.subarray(at + length)]);
    case 4:
      return bytes.slice(0, at);
    default:
      return joined([bytes.subarray(0, at), Uint8Array.from(part, () => random.int(256)), bytes.subarray(at)]);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Damaged UTF-8 of a text, read back with replacement characters. */
export function damageText(text: string, random: Prng): string {
  return new TextDecoder().decode(damageBytes(new TextEncoder().encode(text), random));
}

/** A copy of a JSON value with one to three of its places replaced, removed, renamed, doubled or nested. */
export function damageJson(value: unknown, random: Prng): unknown {
  let out = structuredClone(value);
  for (let wounds = 1 + random.int(3); wounds > 0; wounds--) out = woundJson(out, random);
  return out;
}

interface Place {
  owner: Record<string, unknown> | unknown[];
  key: string;
}

function woundJson(value: unknown, random: Prng): unknown {
  const places = placesOf(value);
  if (places.length === 0) return nasty(random);
  const { owner, key } = pick(random, places);
  const held = owner as Record<string, unknown>;
  switch (random.int(6)) {
    case 0:
      if (Array.isArray(owner)) owner.splice(Number(key), 1);
      else delete held[key];
      break;
    case 1:
      if (Array.isArray(owner)) owner.splice(Number(key), 0, copied(held[key]));
      else setOwn(held, pick(random, NASTY_TEXTS), copied(held[key]));
      break;
    case 2: {
      const other = pick(random, places);
      setOwn(held, key, copied((other.owner as Record<string, unknown>)[other.key]));
      break;
    }
    case 3:
      setOwn(held, key, typeof held[key] === "string" ? damageText(held[key], random) : [held[key]]);
      break;
    default:
      setOwn(held, key, nasty(random));
  }
  return value;
}

/** A copy, or null for what is too deep to be copied. */
function copied(value: unknown): unknown {
  try {
    return structuredClone(value);
  } catch {
    return null;
  }
}

/** As JSON.parse sets keys: `__proto__` is a key like others. */
function setOwn(owner: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(owner, key, { value, writable: true, enumerable: true, configurable: true });
}

function nasty(random: Prng): unknown {
  switch (random.int(8)) {
    case 0:
      return null;
    case 1:
      return pick(random, NASTY_TEXTS);
    case 2:
      return random.int(2) === 1;
    case 3:
      return nested(random);
    case 4:
      return Array.from({ length: random.int(2000) }, () => pick(random, NASTY_NUMBERS));
    case 5:
      return JSON.parse('{"__proto__": {"x": 1}, "length": 3}');
    default:
      return pick(random, NASTY_NUMBERS);
  }
}

function nested(random: Prng): unknown {
  let value: unknown = 1;
  const isList = random.int(2) === 0;
  for (let depth = random.int(DEEPEST); depth > 0; depth--) value = isList ? [value] : { a: value };
  return value;
}

/** Every place of a JSON value, by a walk that no depth breaks. */
function placesOf(value: unknown): Place[] {
  const places: Place[] = [];
  const open = [value];
  while (open.length > 0 && places.length < 20_000) {
    const at = open.pop();
    if (typeof at !== "object" || at === null) continue;
    for (const [key, item] of Object.entries(at)) {
      places.push({ owner: at as Place["owner"], key });
      open.push(item);
    }
  }
  return places;
}
