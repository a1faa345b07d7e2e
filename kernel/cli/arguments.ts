/** Options whose values may begin with a dash. */
const DASHED = ["--indices", "--layer", "--mask-fill"];

/** `--indices -1` as `--indices=-1`: Node takes a value that begins with a dash for an option. */
export function joinNegatives(args: readonly string[]): string[] {
  const isJoined = (i: number): boolean => DASHED.includes(args[i] ?? "") && /^-(\d|inf)/.test(args[i + 1] ?? "");
  return args.flatMap((arg, i) => (isJoined(i) ? [`${arg}=${args[i + 1]}`] : isJoined(i - 1) ? [] : [arg]));
}
