/** A module as a short table: its parts, like ones in one row, with their parameters. */
import { product } from "../../numeric";
import { type DisplayBundle, tabulate, thousands } from "../../display/describe";
import { counted } from "../../protocol/core/words";
import type { Module } from "./module";
import { Parameter } from "./parameter";

/** Part of a module under its name: a module or a parameter. */
type Part = readonly [name: string, value: Module | Parameter];

/** Rows of parts, or of like parts that follow each other. */
interface Row {
  readonly names: readonly string[];
  readonly values: readonly (Module | Parameter)[];
}

const DEPTH = 2;
/** Rows of a table; a part whose own parts do not fit is one row. */
const MOST_ROWS = 24;

/** Returns the table of a module: parts to a depth of two, blocks of one structure folded, parameters, share that trains. */
export function outline(root: Module, partsOf: (module: Module) => readonly Part[]): DisplayBundle {
  const { all, trained } = countsOf([root]);
  const share = all === 0 ? "" : `, ${shareOf(trained, all)} trainable`;
  const rows = rowsOf(root, partsOf, DEPTH, "");
  const short = rows.length > MOST_ROWS ? rowsOf(root, partsOf, 1, "") : rows;
  const cut = short.slice(0, MOST_ROWS);
  const more = short.length > cut.length ? [[`… ${counted(short.length - cut.length, "more part")}`, "", "", ""]] : [];
  const title = `${root.constructor.name}: ${thousands(all)} parameters${share}`;
  return tabulate(title, ["part", "kind", "parameters", "trainable"], [...cut, ...more]);
}

function rowsOf(
  module: Module,
  partsOf: (module: Module) => readonly Part[],
  depth: number,
  indent: string,
): string[][] {
  return fold(partsOf(module)).flatMap(({ names, values }) => {
    const [first] = values;
    const { all, trained } = countsOf(values);
    const name = names.length > 1 ? `${names[0]} … ${names[names.length - 1]}` : names[0];
    const kind = first instanceof Parameter ? `[${first.shape.join(", ")}]` : first.constructor.name;
    const row = [
      indent + name,
      names.length > 1 ? `${names.length} x ${kind}` : kind,
      thousands(all),
      all === 0 ? "" : shareOf(trained, all),
    ];
    const inner = first instanceof Parameter || depth === 1 ? [] : rowsOf(first, partsOf, depth - 1, `${indent}  `);
    return [row, ...inner];
  });
}

/** Joins neighbors of one structure. */
function fold(parts: readonly Part[]): Row[] {
  const rows: { names: string[]; values: (Module | Parameter)[]; signature: string }[] = [];
  for (const [name, value] of parts) {
    const last = rows[rows.length - 1];
    const signature = signatureOf(value);
    // Each parameter has another meaning, as weight and bias have.
    if (last && !(value instanceof Parameter) && last.signature === signature) {
      last.names.push(name);
      last.values.push(value);
    } else rows.push({ names: [name], values: [value], signature });
  }
  return rows;
}

/** Class, and names, shapes and state of all parameters. */
function signatureOf(value: Module | Parameter): string {
  if (value instanceof Parameter) return "";
  const parameters = [...value.namedParameters()].map(([name, { shape, trainable }]) => [name, shape, trainable]);
  return JSON.stringify([value.constructor.name, parameters]);
}

function countsOf(values: readonly (Module | Parameter)[]): { all: number; trained: number } {
  const parameters = new Set(
    values.flatMap((value) => (value instanceof Parameter ? [value] : [...value.namedParameters().values()])),
  );
  let [all, trained] = [0, 0];
  for (const { shape, trainable } of parameters) {
    const size = product(shape);
    all += size;
    if (trainable) trained += size;
  }
  return { all, trained };
}

/** Share in percent; one that is neither nothing nor all does not look so. */
function shareOf(part: number, all: number): string {
  if (part === 0 || part === all) return part === 0 ? "0 %" : "100 %";
  const percent = (100 * part) / all;
  if (percent < 0.1) return "< 0.1 %";
  return percent > 99.9 ? "> 99.9 %" : `${percent.toFixed(1)} %`;
}
