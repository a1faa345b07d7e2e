import { bundleOf } from "../../display/display";
import { currentHost, type JSONObject, type SessionHost } from "../../display/host";
import { WidgetError } from "../error";
import { Widget } from "../model";
import { control, type ControlOptions, type ViewState } from "./definition";

/** State of a picture. */
export interface ImageState extends ViewState {
  /** Bytes of the file. */
  value: Uint8Array;
  /** Format of the file. Default `png`. */
  format: string;
  /** Width in CSS pixels as text; empty for the picture's width. */
  width: string;
  height: string;
}

/** State of an area for outputs. */
export interface OutputState extends ViewState {
  /** Outputs in nbformat's form. */
  outputs: readonly JSONObject[];
  /** Request whose outputs the front end puts here, see {@link Output.capture}. */
  msg_id: string;
}

/**
 * Makes a picture from the bytes of a file; set `value` to show another.
 *
 * @throws WidgetError for a value that is no bytes
 */
export function image(options: ControlOptions<ImageState>): Widget<ImageState> {
  const defaults = { format: "png", height: "", value: new Uint8Array(), width: "" };
  const where = "widgets.image";
  const check = (next: (key: string) => unknown): void => {
    if (!ArrayBuffer.isView(next("value"))) throw new WidgetError(where, "value must be bytes", next("value"));
  };
  return new Widget({ ...control(where, { model: "Image", defaults }, options), check });
}

/** Area for outputs beside other widgets. It keeps them, also after a reload. */
export class Output extends Widget<OutputState> {
  private captures = 0;

  /** Replaces the content by any value that a cell can show: a view, a widget, a mime bundle, text. */
  show(value: unknown): void {
    this.update({ outputs: [asOutput(value)] });
  }

  /** Appends a value to the content. */
  append(value: unknown): void {
    this.update({ outputs: [...this.get("outputs"), asOutput(value)] });
  }

  /** Removes all outputs. */
  clear(): void {
    this.update({ outputs: [] });
  }

  /**
   * Captures output: until `body` ends, or the promise it returns settles, the front end puts the cell's outputs here
   * instead of below the cell: streams, displays, `clearOutput`, as in ipywidgets' `with output:`. An error of `body`
   * is rethrown, and an interrupt ends the capture with the cell; the front end shows both below the cell. In a handler
   * the cell is the one that made the widget: `button.onClick(() => log.capture(work))`.
   *
   * The kernel has captured outputs in `outputs` once the front end has sent them back; a script without a front end
   * prints.
   */
  capture<T>(body: () => T): T {
    const host = currentHost();
    const request = host?.outputRequest();
    if (!host || request === undefined) return body();
    const release = this.captured(host);
    let result: T | undefined;
    try {
      this.update({ msg_id: request });
      result = body();
    } finally {
      if (!(result instanceof Promise)) release();
    }
    return result instanceof Promise ? (result.finally(release) as T) : result;
  }

  /** Counts a capture until the returned function is called, or the cell is interrupted. */
  private captured(host: SessionHost): () => void {
    let ended = false;
    const release = (): void => {
      if (ended) return;
      // Refused in interrupted code; the host then calls this again.
      if (this.captures === 1) this.update({ msg_id: "" });
      ended = true;
      this.captures--;
      forget();
    };
    const forget = host.whenInterrupted(release);
    this.captures++;
    return release;
  }
}

/** Makes an area for outputs beside other widgets: `output.show(view.image(…))`. */
export function output(options: ControlOptions<Omit<OutputState, "outputs" | "msg_id">> = {}): Output {
  const definition = { model: "Output", output: true, defaults: { msg_id: "", outputs: [] } };
  return new Output(control("widgets.output", definition, options));
}

function asOutput(value: unknown): JSONObject {
  return { output_type: "display_data", data: bundleOf(value), metadata: {} };
}
