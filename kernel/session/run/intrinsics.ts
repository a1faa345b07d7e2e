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

/** A change of user code, in a list that needs nothing of `Array.prototype`. */
interface Change {
  ours: Saved;
  theirs: PropertyDescriptor | undefined;
  next: Change | undefined;
}

/** Number of turns in which all properties are compared whole. */
const TURNS = 16;

const { ownKeys, getOwnPropertyDescriptor, defineProperty, deleteProperty, setPrototypeOf, getPrototypeOf } = Reflect;
const { is, prototype: objectPrototype } = Object;
const { prototype: arrayPrototype } = Array;
const objectKeys = ownKeys(objectPrototype).length;
const arrayKeys = ownKeys(arrayPrototype).length;
const has = Set.prototype.has.call.bind(Set.prototype.has) as (set: ReadonlySet<Key>, key: Key) => boolean;

let saved: readonly Saved[] = [];
/** Those of `saved` that hold a value: reading it costs a third of reading its descriptor. */
let values: readonly Saved[] = [];
/** Accessors of the language that its own algorithms or we read, such as a map's size and a promise's species. */
let accessors: readonly Saved[] = [];
let turn = 0;
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
  const ofLanguage = language.flatMap(propertiesOf);
  saved = [...ofLanguage, ...propertiesOf(globalThis), ...modules.flatMap(functionsOf)];
  values = saved.filter((each) => !isAccessor(each));
  accessors = ofLanguage.filter((each) => isAccessor(each) && !isLegacy(each));
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

/**
 * Puts the user's changes aside. Every cell waits for this twice, so values are read rather than compared whole; only a getter
 * in the place of a value that returns the same value is noticed later, within `TURNS` calls.
 */
export function enterOwn(): void {
  if (isOwn) return;
  isOwn = true;
  const before = aside;
  aside = undefined;
  stuck = 0;
  for (let at = 0; at < watched.length; at++) putAsideAdditions(watched[at]!);
  for (let at = 0; at < descents.length; at++) restoreDescent(descents[at]!);
  // Known changes come first: to read one could call a getter of the user's.
  for (let each = before; each; each = each.next) compare(each.ours);
  for (let at = 0; at < accessors.length; at++) compare(accessors[at]!);
  for (let at = 0; at < values.length; at++) if (!reads(values[at]!)) compare(values[at]!);
  for (let at = turn; at < saved.length; at += TURNS) compare(saved[at]!);
  turn = (turn + 1) % TURNS;
}

/** Puts the user's changes back. */
export function leaveOwn(): void {
  if (!isOwn) return;
  isOwn = false;
  for (let each = aside; each; each = each.next) redo(each);
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

/** Lists the properties; of a function without its name and length, which no code of the session reads. */
function propertiesOf(target: object): Saved[] {
  const isRead = (key: Key): boolean => typeof target !== "function" || (key !== "name" && key !== "length");
  const keys = ownKeys(target).filter(isRead);
  return keys.map((key) => ({ target, key, descriptor: bare(getOwnPropertyDescriptor(target, key)) }));
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

/** Removes the properties that were added to an object. */
function putAsideAdditions({ target, keys, count }: Watched): void {
  const now = ownKeys(target);
  if (now.length === count) return;
  for (let at = 0; at < now.length; at++)
    if (!has(keys, now[at]!)) putAside({ target, key: now[at]!, descriptor: undefined });
}

/** Puts aside the properties that differ from ours. */
function compare(ours: Saved): void {
  if (!isSame(ours.descriptor, getOwnPropertyDescriptor(ours.target, ours.key))) putAside(ours);
}

function putAside(ours: Saved): void {
  const theirs = bare(getOwnPropertyDescriptor(ours.target, ours.key));
  if (!put(ours, ours.descriptor)) stuck++;
  aside = { ours, theirs, next: aside };
}

function redo({ ours, theirs }: Change): void {
  // Node's own lists do not bear an index that every array inherits: it is not put back.
  if (!isIndexOfAll(ours)) put(ours, theirs);
}

function isAccessor({ descriptor }: Saved): boolean {
  return descriptor?.get !== undefined || descriptor?.set !== undefined;
}

/** Tests for `RegExp.$1` and its like, which are slow to compare. */
function isLegacy({ target, key }: Saved): boolean {
  return target === RegExp && typeof key === "string";
}

/** Tests whether an object has a value of ours. */
function reads({ target, key, descriptor }: Saved): boolean {
  try {
    return is((target as Record<Key, unknown>)[key], descriptor!.value);
  } catch {
    return false;
  }
}

function isIndexOfAll({ target, key }: Saved): boolean {
  return (target === objectPrototype || target === arrayPrototype) && typeof key === "string" && +key >= 0;
}

function isSame(one: PropertyDescriptor | undefined, other: PropertyDescriptor | undefined): boolean {
  if (!one || !other) return one === other;
  return is(one.value, other.value) && one.get === other.get && one.set === other.set;
}

function put({ target, key }: Saved, descriptor: PropertyDescriptor | undefined): boolean {
  return descriptor ? defineProperty(target, key, descriptor) : deleteProperty(target, key);
}

/** Removes a descriptor's prototype, on which user code could have put a `get`. */
function bare(descriptor: PropertyDescriptor | undefined): PropertyDescriptor | undefined {
  if (descriptor) setPrototypeOf(descriptor, null);
  return descriptor;
}
