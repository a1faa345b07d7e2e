/** What a notebook user may write besides TypeScript: `?name` and `name?` open the pager. */
export type Convenience = { kind: "help"; expression: string; detail: number };

/** Not TypeScript in any cell, so nothing that compiles is taken over. */
export function parseConvenience(code: string): Convenience | undefined {
  const text = code.trim();
  const match = /^(\?{1,2})\s*([\w$.]+)$/.exec(text) ?? /^()([\w$.]+?)(\?{1,2})$/.exec(text);
  if (!match) return undefined;
  const marks = match[1] || match[3] || "?";
  return { kind: "help", expression: match[2]!, detail: marks.length - 1 };
}
