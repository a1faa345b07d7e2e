/** Pages that may speak to the test's own servers alone. */
import type { BrowserContext } from "playwright-core";

/**
 * Cuts a context off from everything but some addresses.
 *
 * @param own address that every allowed one begins with
 * @param schemes of addresses without a host that are allowed too
 * @returns the addresses that were asked for and refused; it grows
 */
export async function cutOff(context: BrowserContext, own: string, schemes: readonly string[]): Promise<string[]> {
  const refused: string[] = [];
  await context.route(
    ({ href, protocol }) => !href.startsWith(own) && !schemes.includes(protocol),
    (route) => {
      refused.push(route.request().url());
      return route.abort();
    },
  );
  return refused;
}
