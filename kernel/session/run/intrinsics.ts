/**
 * The language's own objects as the session started with them. User code shares them, and may replace `Array.prototype.map` or
 * put a setter on `Object.prototype`. Every step of the session's own work runs with the first state, and user code finds its
 * own again behind it.
 */
type Key = string | symbol;

interface Saved {
  target: object;
  key: Key;
  descriptor: PropertyDescriptor | undefined;
}

/** An object of the language and its prototype. */
interface Descent {
  target: object;
  prototype: object | null;
}

/** A prototype with all that it held: what is added to it is found wherever code looks for what is not there. */
interface Watched {
  target: object;
  keys: ReadonlySet<Key>;
  count: number;
}

/** A list that needs nothing of `Array.prototype`. */
interface Change {
  redo: () => unknown;
  next: Change | undefined;
}

const { ownKeys, getOwnPropertyDescriptor, defineProperty, deleteProperty, setPrototypeOf, getPrototypeOf } = Reflect;
const { is, prototype: objectPrototype } = Object;
const { prototype: arrayPrototype } = Array;
const objectKeys = ownKeys(objectPrototype).length;
const arrayKeys = ownKeys(arrayPrototype).length;
const has = Set.prototype.has.call.bind(Set.prototype.has) as (set: ReadonlySet<Key>, key: Key) => boolean;

let saved: readonly Saved[] = [];
let descents: readonly Descent[] = [];
let watched: readonly Watched[] = [];
/** Changes of user code that are put aside while the session works. */
let aside: Change | undefined;
let isOwn = false;
/** Number of changes that cannot be put aside, as of a property that is not configurable. */
let stuck = 0;

/**
 * Saves the state. Called once the session has changed what it changes itself, and before the first cell.
 *
 * @param modules objects of the platform whose functions the session calls
 */
export function saveIntrinsics(modules: readonly object[]): void {
  const language = languageObjects();
  saved = [...language.flatMap(propertiesOf), ...propertiesOf(globalThis), ...modules.flatMap(functionsOf)];
  descents = language.map((target) => ({ target, prototype: getPrototypeOf(target) }));
  // Properties that every other comparison reads come first.
  watched = [Object, Array, Function, String, Number, RegExp, Promise, Error, Map, Set].map(({ prototype }) =>
    watchedOf(prototype as object),
  );
}

/** Runs work of the session with the language as it was; the user's changes are back when it returns. */
export function withOwnIntrinsics<T>(body: () => T): T {
  if (isOwn) return body();
  enterOwn();
  try {
    return body();
  } finally {
    leaveOwn();
  }
}

/** Runs the user's code from within work of the session. */
export function withUserIntrinsics<T>(body: () => T): T {
  if (!isOwn) return body();
  leaveOwn();
  try {
    return body();
  } finally {
    enterOwn();
  }
}

/** Puts the user's changes aside. */
export function enterOwn(): void {
  if (isOwn) return;
  isOwn = true;
  aside = undefined;
  stuck = 0;
  for (let at = 0; at < watched.length; at++) putAsideAdditions(watched[at]!);
  for (let at = 0; at < descents.length; at++) restoreDescent(descents[at]!);
  for (let at = 0; at < saved.length; at++) {
    const { target, key, descriptor } = saved[at]!;
    if (!isSame(descriptor, getOwnPropertyDescriptor(target, key))) putAside(target, key, descriptor);
  }
}

/** Puts the user's changes back. */
export function leaveOwn(): void {
  if (!isOwn) return;
  isOwn = false;
  for (let each = aside; each; each = each.next) each.redo();
}

/** Returns the number of changes that the session had to leave when it last put them aside. */
export function stuckChanges(): number {
  return stuck;
}

/** Returns whether user code has put a property on every object or array, which code of Node meets too. */
export function isCommonPrototypeChanged(): boolean {
  return !isOwn && (ownKeys(objectPrototype).length !== objectKeys || ownKeys(arrayPrototype).length !== arrayKeys);
}

/** Lists what the globals hold of the language, the prototypes of it, and those that no global names. */
function languageObjects(): object[] {
  const globals = ownKeys(globalThis)
    .map((key): unknown => getOwnPropertyDescriptor(globalThis, key)?.value)
    .filter(isOfLanguage);
  const iterators = [[].values(), new Map().values(), new Set().values(), ""[Symbol.iterator](), "".matchAll(/x/g)];
  const functions = [function* () {}, async () => {}, async function* () {}, Uint8Array];
  const named = [...globals, ...functions.map((each) => getPrototypeOf(each))];
  const prototypes = named.map((each) => (each as { prototype?: object } | null)?.prototype);
  const unnamed = [...iterators.map((each) => getPrototypeOf(each)), getPrototypeOf(getPrototypeOf([].values())!)];
  const all = [...named, ...prototypes, ...unnamed].filter((each): each is object => each instanceof Object);
  return [...new Set([objectPrototype, ...all])];
}

/** Tests for constructors, functions, and namespaces such as `JSON`. */
function isOfLanguage(value: unknown): value is object {
  if (typeof value === "function") return true;
  return typeof value === "object" && value !== null && value !== globalThis && Symbol.toStringTag in value;
}

function propertiesOf(target: object): Saved[] {
  return ownKeys(target).map((key) => ({ target, key, descriptor: bare(getOwnPropertyDescriptor(target, key)) }));
}

function functionsOf(target: object): Saved[] {
  return propertiesOf(target).filter(({ descriptor }) => typeof descriptor?.value === "function");
}

function watchedOf(target: object): Watched {
  const keys = ownKeys(target);
  return { target, keys: new Set(keys), count: keys.length };
}

/** Gives an object its prototype, which stays. */
function restoreDescent({ target, prototype }: Descent): void {
  if (getPrototypeOf(target) !== prototype && !setPrototypeOf(target, prototype)) stuck++;
}

/** Removes what was added to an object. */
function putAsideAdditions({ target, keys, count }: Watched): void {
  const now = ownKeys(target);
  if (now.length === count) return;
  for (let at = 0; at < now.length; at++) if (!has(keys, now[at]!)) putAside(target, now[at]!, undefined);
}

function putAside(target: object, key: Key, ours: PropertyDescriptor | undefined): void {
  const theirs = bare(getOwnPropertyDescriptor(target, key));
  if (!put(target, key, ours)) stuck++;
  // Node's own lists do not bear an index that every array inherits: it is not put back.
  if (!isIndexOfAll(target, key)) aside = { redo: () => put(target, key, theirs), next: aside };
}

function isIndexOfAll(target: object, key: Key): boolean {
  return (target === objectPrototype || target === arrayPrototype) && typeof key === "string" && +key >= 0;
}

function isSame(one: PropertyDescriptor | undefined, other: PropertyDescriptor | undefined): boolean {
  if (!one || !other) return one === other;
  return is(one.value, other.value) && one.get === other.get && one.set === other.set;
}

function put(target: object, key: Key, descriptor: PropertyDescriptor | undefined): boolean {
  return descriptor ? defineProperty(target, key, descriptor) : deleteProperty(target, key);
}

/** Removes a descriptor's prototype, on which user code could have put a `get`. */
function bare(descriptor: PropertyDescriptor | undefined): PropertyDescriptor | undefined {
  if (descriptor) setPrototypeOf(descriptor, null);
  return descriptor;
}
