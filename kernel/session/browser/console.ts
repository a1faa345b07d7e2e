/** Prints of `console` in a page: Node's words, into the output of the cell. */
import { formatWithOptions, inspect } from "node-inspect-extracted";

type Write = (name: "stdout" | "stderr", text: string) => void;
type Print = (...values: unknown[]) => void;

/** Replaces the functions of `console` that print. */
export function captureStreams(write: Write): void {
  Object.assign(console, consoleOf(write));
}

function consoleOf(write: Write): Record<string, Print> {
  const counts = new Map<string, number>();
  const starts = new Map<string, number>();
  let indent = "";
  const printer =
    (name: "stdout" | "stderr"): Print =>
    (...values) => {
      const text = formatWithOptions({ colors: false }, ...values);
      write(name, `${indent}${indent ? text.replaceAll("\n", `\n${indent}`) : text}\n`);
    };
  const [out, err] = [printer("stdout"), printer("stderr")];
  const elapsed = (label: string): string => `${label}: ${(performance.now() - (starts.get(label) ?? 0)).toFixed(3)}ms`;
  const group: Print = (...values) => {
    if (values.length > 0) out(...values);
    indent += "  ";
  };
  return {
    log: out,
    info: out,
    debug: out,
    warn: err,
    error: err,
    trace: (...values) => err("Trace:", ...values),
    dir: (value, options) => out(inspect(value, { customInspect: false, ...(options as object) })),
    table: (rows) => out(tableOf(rows)),
    assert: (condition, ...values) => void (condition || err("Assertion failed", ...values)),
    group,
    groupCollapsed: group,
    groupEnd: () => void (indent = indent.slice(2)),
    count: (label = "default") => {
      const count = (counts.get(String(label)) ?? 0) + 1;
      counts.set(String(label), count);
      out(`${String(label)}: ${count}`);
    },
    countReset: (label = "default") => void counts.delete(String(label)),
    time: (label = "default") => void starts.set(String(label), performance.now()),
    timeLog: (label = "default", ...values) => out(elapsed(String(label)), ...values),
    timeEnd: (label = "default") => {
      out(elapsed(String(label)));
      starts.delete(String(label));
    },
  };
}

const INDEX = "(index)";
const VALUES = "Values";

/** Rows and columns in a frame; what is no object prints as it is. */
function tableOf(rows: unknown): string {
  if (typeof rows !== "object" || rows === null) return formatWithOptions({ colors: false }, rows);
  const entries = rows instanceof Map ? [...rows] : Object.entries(rows);
  const names = new Set<string>([INDEX]);
  const cells = entries.map(([index, row]): Record<string, string> => {
    const isObject = typeof row === "object" && row !== null;
    const values = isObject ? Object.entries(row as object) : [[VALUES, row] as const];
    for (const [name] of values) names.add(name);
    return Object.fromEntries([[INDEX, String(index)], ...values.map(([name, value]) => [name, inspect(value)])]);
  });
  const columns = [...names].map((name) => [name, ...cells.map((row) => row[name] ?? "")]);
  const widths = columns.map((column) => column.reduce((most, text) => Math.max(most, text.length), 0));
  const line = (left: string, middle: string, right: string): string =>
    left + widths.map((width) => "─".repeat(width + 2)).join(middle) + right;
  const row = (at: number): string => `│${columns.map((column, i) => ` ${column[at].padEnd(widths[i])} `).join("│")}│`;
  const body = cells.map((_, i) => row(i + 1));
  return [line("┌", "┬", "┐"), row(0), line("├", "┼", "┤"), ...body, line("└", "┴", "┘")].join("\n");
}
