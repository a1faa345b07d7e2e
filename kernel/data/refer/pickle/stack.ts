import { PickleRefusal, type PlainValue } from "./value";
import { isRecord } from "../../../rules/json-text";

/** Stack and memory of the machine that a pickle is a program for. */
export class PickleStack {
  private readonly values: PlainValue[] = [];
  private readonly marks: number[] = [];
  private readonly memory = new Map<number, PlainValue>();

  push(value: PlainValue): void {
    this.values.push(value);
  }

  pop(): PlainValue {
    const value = this.top();
    this.values.pop();
    return value;
  }

  top(): PlainValue {
    const floor = this.marks[this.marks.length - 1] ?? 0;
    if (this.values.length <= floor) throw new PickleRefusal("the pickle must not take from an empty stack", "empty");
    return this.values[this.values.length - 1];
  }

  mark(): void {
    this.marks.push(this.values.length);
  }

  /** Takes the values above the last mark. */
  sinceMark(): PlainValue[] {
    const from = this.marks.pop();
    if (from === undefined) throw new PickleRefusal("the pickle must set a mark first", "none");
    return this.values.splice(from);
  }

  /** Takes the last values. */
  last(count: number): PlainValue[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  append(items: readonly PlainValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw new PickleRefusal("only a list takes items", typeof list);
    for (const item of items) list.push(item);
  }

  /** Sets keys and values, in turn, of the dictionary below them. */
  set(pairs: readonly PlainValue[]): void {
    const target = this.top();
    if (!isRecord(target)) throw new PickleRefusal("only a dictionary takes keys", typeof target);
    fill(target, pairs);
  }

  dictionary(): void {
    const made = Object.create(null) as { [key: string]: PlainValue };
    fill(made, this.sinceMark());
    this.push(made);
  }

  put(place: number | null): void {
    this.memory.set(place ?? this.memory.size, this.top());
  }

  get(place: number): void {
    const value = this.memory.get(place);
    if (value === undefined) throw new PickleRefusal("the pickle must remember a value before it uses it", place);
    this.push(value);
  }
}

function fill(target: { [key: string]: PlainValue }, pairs: readonly PlainValue[]): void {
  if (pairs.length % 2) throw new PickleRefusal("a dictionary needs a value for each key", pairs.length);
  for (let i = 0; i < pairs.length; i += 2) {
    const key = pairs[i];
    if (typeof key !== "string" && typeof key !== "number")
      throw new PickleRefusal("a key must be a text or a number", typeof key);
    target[String(key)] = pairs[i + 1];
  }
}
