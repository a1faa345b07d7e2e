/**
 * The language's own objects as the session started with them. User code shares them, and may replace `Array.prototype.map` or
 * put a setter on `Object.prototype`: the session's own work, the compiler above all, runs with the first state, and user code
 * finds its own again behind it.
 */
type Key = string | symbol;

interface Saved {
  target: object;
  key: Key;
  descriptor: PropertyDescriptor | undefined;
}

/** A list that needs nothing of `Array.prototype`. */
interface Change extends Saved {
  theirs: PropertyDescriptor | undefined;
  next: Change | undefined;
}

const NAMES = [
  "Object Function Array String Number Boolean Symbol BigInt RegExp Date Error TypeError RangeError SyntaxError AggregateError",
  "Map Set WeakMap WeakSet WeakRef Promise Proxy Reflect JSON Math ArrayBuffer SharedArrayBuffer Atomics DataView",
  "Uint8Array Int32Array Uint32Array Float32Array Float64Array parseInt parseFloat isNaN isFinite",
]
  .join(" ")
  .split(" ");

const { ownKeys, getOwnPropertyDescriptor, defineProperty, deleteProperty, setPrototypeOf, getPrototypeOf } = Reflect;
const { is } = Object;

let saved: readonly Saved[] = [];
let targets: readonly { target: object; keys: ReadonlySet<Key>; count: number }[] = [];
const has = Set.prototype.has.call.bind(Set.prototype.has) as (set: ReadonlySet<Key>, key: Key) => boolean;

/** Called once the session has changed what it changes itself, and before the first cell. */
export function saveIntrinsics(): void {
  const watched = watchedObjects();
  const own = watched.flatMap((target) => ownKeys(target).map((key) => savedOf(target, key)));
  saved = [...own, ...NAMES.map((name) => savedOf(globalThis, name))];
  targets = watched.map((target) => {
    const keys = ownKeys(target);
    return { target, keys: new Set(keys), count: keys.length };
  });
}

/** Run work of the session with the language as it was; the user's changes are back when it returns. */
export function withOwnIntrinsics<T>(body: () => T): T {
  const changes = findChanges();
  if (!changes) return body();
  for (let each: Change | undefined = changes; each; each = each.next) put(each.target, each.key, each.descriptor);
  try {
    return body();
  } finally {
    for (let each: Change | undefined = changes; each; each = each.next) put(each.target, each.key, each.theirs);
  }
}

function watchedObjects(): object[] {
  const globals = NAMES.map((name) => (globalThis as Record<string, unknown>)[name]);
  const prototypes = globals.map((each) => (each as { prototype?: object } | undefined)?.prototype);
  const iterators = [[].values(), new Map().values(), new Set().values(), ""[Symbol.iterator](), "".matchAll(/x/g)];
  const generator = getPrototypeOf(function* () {}.prototype as object);
  const others = [...iterators.map((each) => getPrototypeOf(each)), generator, getPrototypeOf(Uint8Array.prototype)];
  return [...globals, ...prototypes, ...others, getPrototypeOf(getPrototypeOf([].values())!)].filter(
    (each): each is object => each !== undefined && each !== null,
  );
}

function savedOf(target: object, key: Key): Saved {
  return { target, key, descriptor: bare(getOwnPropertyDescriptor(target, key)) };
}

function findChanges(): Change | undefined {
  let changes: Change | undefined;
  const note = (target: object, key: Key, descriptor: PropertyDescriptor | undefined): void => {
    const theirs = bare(getOwnPropertyDescriptor(target, key));
    changes = { target, key, descriptor, theirs, next: changes };
  };
  for (let at = 0; at < saved.length; at++) {
    const { target, key, descriptor } = saved[at]!;
    if (!isSame(descriptor, getOwnPropertyDescriptor(target, key))) note(target, key, descriptor);
  }
  for (let at = 0; at < targets.length; at++) {
    const { target, keys, count } = targets[at]!;
    const now = ownKeys(target);
    if (now.length === count) continue;
    for (let i = 0; i < now.length; i++) if (!has(keys, now[i]!)) note(target, now[i]!, undefined);
  }
  return changes;
}

function isSame(one: PropertyDescriptor | undefined, other: PropertyDescriptor | undefined): boolean {
  if (!one || !other) return one === other;
  return is(one.value, other.value) && one.get === other.get && one.set === other.set;
}

function put(target: object, key: Key, descriptor: PropertyDescriptor | undefined): void {
  if (descriptor) defineProperty(target, key, descriptor);
  else deleteProperty(target, key);
}

/** Without a prototype, on which user code could have put a `get`. */
function bare(descriptor: PropertyDescriptor | undefined): PropertyDescriptor | undefined {
  if (descriptor) setPrototypeOf(descriptor, null);
  return descriptor;
}
