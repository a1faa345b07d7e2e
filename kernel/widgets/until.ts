import { checkArguments } from "../rules/arguments";
import { WidgetError } from "./error";
import type { Widget } from "./model";

/**
 * Waits for a value: `await widgets.until(slider, "value", (value) => value > 10)` in a cell continues when the
 * condition holds, at once if it already holds. Without a condition it waits for the next change.
 *
 * @returns the value
 * @throws WidgetError when the widget is closed first
 */
export function until<T extends object, K extends keyof T & string>(
  model: Widget<T>,
  key: K,
  when?: (value: T[K]) => boolean,
): Promise<T[K]> {
  checkArguments("widgets.until", WidgetError, { model, key }, { model: { on: "function" }, key: "string" });
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      model.off(`change:${key}`, changed);
      model.off("close", closed);
    };
    const changed = (_: unknown, value: T[K]): void => {
      try {
        if (when && !when(value)) return;
        resolve(value);
      } catch (error) {
        reject(error);
      }
      stop();
    };
    const closed = (): void => {
      reject(new WidgetError("widgets.until", `the widget was closed before ${key} met the condition`, model.get(key)));
      stop();
    };
    model.on(`change:${key}`, changed);
    model.on("close", closed);
    if (when) changed(model, model.get(key));
    if (model.closed) closed();
  });
}
