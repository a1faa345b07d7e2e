/** Options whose values may begin with a dash. */
const DASHED = ["--layers", "--layer", "--mask-fill"];

/** Joins `--layers -1` into `--layers=-1`, because Node reads a value that begins with a dash as an option. */
export function joinNegatives(args: readonly string[]): string[] {
  const isJoined = (i: number): boolean => DASHED.includes(args[i] ?? "") && /^-(\d|inf)/.test(args[i + 1] ?? "");
  return args.flatMap((arg, i) => (isJoined(i) ? [`${arg}=${args[i + 1]}`] : isJoined(i - 1) ? [] : [arg]));
}
