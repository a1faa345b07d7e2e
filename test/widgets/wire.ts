/** Messages and values that the tests of widgets share. */
import type { JSONValue } from "../../kernel/display/host";
import { WidgetError } from "../../kernel/widgets";

export const esm = "export default { render() {} }";

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

/** The messages of a change, by either side, and of its echo. */
export const update = (state: object, bufferPaths: JSONValue = []): object => ({
  method: "update",
  state,
  buffer_paths: bufferPaths,
});
export const echo = (state: object, bufferPaths: JSONValue = []): object => ({
  ...update(state, bufferPaths),
  method: "echo_update",
});

export const refused =
  (rule: RegExp) =>
  (error: unknown): boolean =>
    error instanceof WidgetError && rule.test(error.message);
