/** Colors of a cell's output: front ends show the escape sequences of a terminal. */

/**
 * Makes libraries such as chalk color their output, also in child processes, unless the user's environment decides. A terminal in
 * all else, as `isTTY` promises, would have them move the cursor. What `console` prints of objects stays plain, as results are.
 */
export function installColors(): void {
  const { env } = process;
  if (env["FORCE_COLOR"] !== undefined || env["NO_COLOR"] || env["NODE_DISABLE_COLORS"]) return;
  env["FORCE_COLOR"] = "3";
  delete env["NO_COLOR"];
  const mode = Object.getOwnPropertySymbols(console).find(({ description }) => description === "kColorMode");
  if (mode) (console as unknown as Record<symbol, unknown>)[mode] = false;
}
