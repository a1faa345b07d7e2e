/** `--layers -1` as `--layers=-1`: Node takes a value that begins with a dash for an option. */
export function joinNegatives(args: readonly string[]): string[] {
  return args.flatMap((arg, i) => {
    if (arg === "--layers" && /^-\d/.test(args[i + 1] ?? "")) return [`--layers=${args[i + 1]}`];
    return args[i - 1] === "--layers" && /^-\d/.test(arg) ? [] : [arg];
  });
}
