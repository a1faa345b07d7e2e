/**
 * Commands in a notebook besides TypeScript. None of them compiles as TypeScript, so no valid cell changes its meaning.
 * `exit` compiles where the session has a variable of that name, and then means the variable.
 *
 *   ?name, name?      open the pager with signature, documentation and value
 *   %time             on the first line: run the rest of the cell and print how long it took
 *   !command          on every line: run in a shell and stream the output
 *   %who              list the variables of the session with kind and size
 *   %reset            remove all variables and types
 *   exit, quit        alone, also as a call: leave a console and end its kernel
 */
export type Convenience =
  | { kind: "help"; expression: string; detail: number }
  | { kind: "time"; code: string }
  | { kind: "shell"; command: string }
  | { kind: "who" }
  | { kind: "reset" }
  | { kind: "exit"; name: string }
  | { kind: "unknown"; name: string };

/** Parses a command; `undefined` for TypeScript. */
export function parseConvenience(code: string): Convenience | undefined {
  const text = code.trim();
  if (text.startsWith("!")) return parseShell(text);
  if (text.startsWith("%")) return parsePercent(code, text);
  const leave = /^(exit|quit)(?:\(\))?;?$/.exec(text);
  if (leave) return { kind: "exit", name: leave[1]! };
  const match = /^(\?{1,2})\s*([\w$.]+)$/.exec(text) ?? /^()([A-Za-z_$][\w$.]*?)(\?{1,2})$/.exec(text);
  if (!match) return undefined;
  const marks = match[1] || match[3] || "?";
  return { kind: "help", expression: match[2]!, detail: marks.length - 1 };
}

/**
 * Parses a shell command: each line begins with `!` and does not look like an expression. `!done` alone is a TypeScript
 * negation.
 */
function parseShell(text: string): Convenience | undefined {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (!lines.every((line) => line.trim().startsWith("!"))) return undefined;
  if (/^!+\s*[\w$.]+(?:\(.*\))?;?$/.test(text) && !/^!\s*[a-z][\w-]*$/.test(text)) return undefined;
  if (/^!!|^!\(/.test(text)) return undefined;
  return { kind: "shell", command: lines.map((line) => line.trim().slice(1)).join("\n") };
}

function parsePercent(code: string, text: string): Convenience {
  const [, name, rest] = /^%%?(\w*)[ \t]*([^]*)$/.exec(text) as unknown as [string, string, string];
  if (name === "time") return { kind: "time", code: rest.startsWith("\n") ? blankFirstLine(code) : rest };
  if (rest.trim() === "" && (name === "who" || name === "reset")) return { kind: name };
  return { kind: "unknown", name: text.split("\n", 1)[0]! };
}

/** Blanks the first line, which keeps later line numbers. */
function blankFirstLine(code: string): string {
  return code.replace(/%%?time[ \t]*/, "");
}
