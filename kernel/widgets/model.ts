import { platform } from "../platform";
import { DISPLAY } from "../display/describe";
import type { Displayable } from "../display/display";
import { currentHost, type Comm, type CommMessage, type JSONValue, type MimeBundle } from "../display/host";
import { serveFrontEnds } from "./control";
import { WidgetError } from "./error";
import { Events, raise, type Handler } from "./events";
import { checkFixed, checkKind, isChange, resolveWidgets } from "./kinds";
import { forget, idOf, remember } from "./live";
import { checkSize, PROTOCOL_VERSION, readMessage, readState, WIDGET_TARGET, type Incoming } from "./messages";
import { bytesOf, own, pack, unpack, type Path } from "./packing";
import { stateInWords } from "./words";

const VIEW_MIME = "application/vnd.jupyter.widget-view+json";

/** Any widget: a child of a container, with a method to close it. */
export interface WidgetHandle extends Displayable {
  /** Id of the model and of its comm. */
  readonly id: string;
  readonly closed: boolean;
  close(): void;
}

/** Setup of a kind of widget. */
export interface WidgetSetup {
  /** Public function that makes it, for errors. */
  where: string;
  /** Every key of the state with its initial value. */
  state: Record<string, unknown>;
  /** Values whose kinds the front end may set; `null` accepts anything. Default: the initial values. */
  kinds?: Record<string, unknown>;
  /** Keys that stay in the kernel. */
  local?: readonly string[];
  /** Keys that hold widgets. Default: those whose initial value is a widget or a list of widgets. */
  references?: readonly string[];
  /** Widgets that close with this one. */
  companions?: readonly WidgetHandle[];
  /** Adds consequent changes to a change. */
  derive?: (changes: Map<string, unknown>, present: (key: string) => unknown) => void;
  /** Checks the state; throws for a broken rule of the widget. */
  check?: (next: (key: string) => unknown) => void;
}

/**
 * Kernel side of a widget, in the shape of anywidget's front-end modules (AFM): `get`, `set`, `save_changes`, `on`,
 * `off`, `send`. It shows itself as the result of a cell or by `display`, in any number of places that stay
 * synchronous.
 *
 * Without a notebook session (a script, a test) it is a plain observable object.
 */
export class Widget<T extends object = Record<string, unknown>> implements WidgetHandle {
  readonly id: string;
  private readonly setup: WidgetSetup;
  private readonly values: Map<string, unknown>;
  private readonly comm: Comm | undefined;
  private readonly events = new Events();
  private readonly unsaved = new Set<string>();
  private readonly strangers = new Set<string>();
  private ended = false;

  /** @internal Use `widgets.model` or the function of a specific widget. */
  constructor(setup: WidgetSetup, comm?: Comm) {
    this.setup = setup;
    this.values = new Map(Object.entries(setup.state));
    serveFrontEnds(adopt);
    this.comm = comm ?? this.open();
    this.id = this.comm?.id ?? platform().uuid();
    this.comm?.onMessage((message) => this.receive(message));
    this.comm?.onClose(() => this.end());
    remember(this);
  }

  /** Returns the present value, even if unsaved. Binary values belong to the model: copy before changing them. */
  get<K extends keyof T & string>(key: K): T[K] {
    return this.values.get(key) as T[K];
  }

  /**
   * Sets one value here and calls the handlers of `change:<key>`; {@link save_changes} sends it. An object or array
   * counts as changed whenever it is set, a plain value only if it differs.
   *
   * @throws WidgetError for a key that the model does not have, or an invalid value
   */
  set<K extends keyof T & string>(key: K, value: T[K]): void {
    this.assign(new Map([[key, value]]), false);
  }

  /** Sends all unsaved values to every view. Does nothing once the widget is closed. */
  save_changes(): void {
    const entries = this.shared().filter(([key]) => this.unsaved.has(key));
    if (entries.length > 0) this.post("update", entries);
    this.unsaved.clear();
  }

  /** Sets several values and sends them in one message: `slider.update({ min: 0, max: 10 })`. */
  update(changes: Partial<T>): void {
    this.assign(new Map<string, unknown>(Object.entries(changes)), true);
  }

  /**
   * Calls `handler` when a value changes from either side. A handler may be async: the front end then sends the next
   * change when it is done, and only the latest. Its output and errors appear below the cell that made the widget.
   */
  on<K extends keyof T & string>(event: `change:${K}`, handler: (model: this, value: T[K]) => unknown): void;
  /** Calls `handler` with each message that a view sends by its `model.send`. */
  on(event: "msg:custom", handler: (content: JSONValue, buffers: DataView[]) => unknown): void;
  /**
   * Adds a handler of other events. `change` comes once after all of `change:<key>`; `close` when either side closes
   * the widget.
   */
  on(event: "change" | "close", handler: (model: this) => unknown): void;
  on(event: string, handler: Handler): void {
    this.events.on(event, handler);
  }

  /** Removes one handler, all handlers of an event, or all handlers. */
  off(event?: string | null, handler?: Handler | null): void {
    this.events.off(event, handler);
  }

  /** Sends a custom message to every view, which receives it by `model.on("msg:custom", …)`. */
  send(content: JSONValue, _callbacks?: unknown, buffers: readonly (ArrayBufferView | ArrayBuffer)[] = []): void {
    if (!this.closed) this.comm?.send({ method: "custom", content }, { buffers: buffers.map(bytesOf) });
  }

  /** True after {@link close}, or when the front end has closed the model. */
  get closed(): boolean {
    return this.ended;
  }

  /** Removes all views of the widget, and the layout and style made for it. */
  close(): void {
    if (this.ended) return;
    this.comm?.close();
    this.end();
  }

  /** Returns every key known to front ends, with its value. */
  shared(): [string, unknown][] {
    const { local = [] } = this.setup;
    return [...this.values].filter(([key]) => !local.includes(key));
  }

  [DISPLAY](): MimeBundle {
    const text = { "text/plain": this.toString() };
    if (this.ended || !this.comm || !this.values.get("_view_name")) return text;
    return { [VIEW_MIME]: { version_major: 2, version_minor: 0, model_id: this.id }, ...text };
  }

  /**
   * Describes the widget as `IntSlider(value: 40, description: "Threshold")`, with the values that differ from its
   * kind's.
   */
  toString(): string {
    return (this.ended ? "closed " : "") + stateInWords(this.values, this.setup.kinds ?? {});
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  private open(): Comm | undefined {
    try {
      this.setup.check?.((key) => this.values.get(key));
      const { state, bufferPaths, buffers } = pack(this.setup.where, this.shared(), idOf);
      const data = { state, buffer_paths: bufferPaths };
      return currentHost()?.openComm(WIDGET_TARGET, { data, metadata: { version: PROTOCOL_VERSION }, buffers });
    } catch (error) {
      this.closeCompanions();
      throw error;
    }
  }

  /** Assigns changes. Front ends are told before handlers run, because handlers may be slow. */
  private assign(changes: Map<string, unknown>, save: boolean): void {
    const stranger = [...changes.keys()].find((key) => !this.values.has(key));
    if (stranger !== undefined) {
      throw new WidgetError(this.setup.where, `the state has no ${stranger}, ${this.keys()}`, stranger);
    }
    pack(this.setup.where, changes, idOf); // Refuses values that cannot be sent later.
    this.prepare(changes);
    const changed = this.store(changes);
    for (const [key] of changed) this.unsaved.add(key);
    if (save) this.save_changes();
    // A handler's error is reported like any late error and does not make the assignment fail.
    void this.notify(changed);
  }

  private prepare(changes: Map<string, unknown>): void {
    this.setup.derive?.(changes, (key) => this.values.get(key));
    this.setup.check?.((key) => (changes.has(key) ? changes.get(key) : this.values.get(key)));
  }

  /** Stores changes and returns those that differ from before. */
  private store(changes: Map<string, unknown>): [string, unknown][] {
    const changed = [...changes].filter(([key, value]) => isChange(this.values.get(key), value));
    for (const [key, value] of changed) this.values.set(key, value);
    return changed;
  }

  /** Settles when every handler has, and rejects with their errors. */
  private async notify(changed: [string, unknown][]): Promise<void> {
    if (changed.length === 0) return;
    const calls = changed.map(([key, value]) => this.events.emit(`change:${key}`, this, value));
    raise(await Promise.allSettled([...calls, this.events.emit("change", this)]));
  }

  private receive(message: CommMessage): Promise<void> | void {
    const incoming = readMessage(this.setup.where, message);
    switch (incoming.method) {
      case "update":
        return this.updated(incoming, message.buffers);
      case "request_state":
        return this.post("update", this.shared());
      case "custom":
        return this.events.emit("msg:custom", incoming.content, message.buffers.map(toDataView));
      default:
        return incoming satisfies never;
    }
  }

  private async updated(incoming: Extract<Incoming, { method: "update" }>, buffers: Uint8Array[]): Promise<void> {
    const { state, bufferPaths } = incoming;
    const changes = unpack(this.setup.where, state, bufferPaths, buffers, (path) => this.at(path));
    const strangers = this.removeStrangers(changes);
    try {
      for (const [key, value] of changes) changes.set(key, this.accepted(key, value));
      this.prepare(changes);
    } catch (error) {
      // The page shows the refused value: send the valid one.
      this.post(
        "update",
        this.shared().filter(([key]) => changes.has(key)),
      );
      throw error;
    }
    if (ECHO)
      this.post(
        "echo_update",
        this.shared().flatMap(([key]) => (changes.has(key) ? [[key, changes.get(key)]] : [])),
      );
    await this.notify(this.store(changes));
    if (strangers.length === 0) return;
    throw new WidgetError(
      this.setup.where,
      `the front end set what the state does not have, ${this.keys()}`,
      strangers,
    );
  }

  /** Removes unknown keys from a change and returns those not yet reported. */
  private removeStrangers(changes: Map<string, unknown>): string[] {
    const { local = [] } = this.setup;
    const strangers = [...changes.keys()].filter((key) => !this.values.has(key) || local.includes(key));
    for (const key of strangers) changes.delete(key);
    const fresh = strangers.filter((key) => !this.strangers.has(key)).slice(0, 20);
    if (this.strangers.size < 100) for (const key of fresh) this.strangers.add(key);
    return fresh;
  }

  /**
   * Returns a value of the front end with its widgets resolved; throws if its kind differs from the initial value's.
   */
  private accepted(key: string, value: unknown): unknown {
    const { where, state, kinds = state } = this.setup;
    const taken = this.isReference(key) ? resolveWidgets(where, value) : value;
    checkFixed(where, key, taken, this.values.get(key));
    checkKind(where, key, taken, kinds[key]);
    return taken;
  }

  private isReference(key: string): boolean {
    const { references, state } = this.setup;
    return references ? references.includes(key) : [state[key]].flat().some((each) => each instanceof Widget);
  }

  private at([key, ...rest]: Path): unknown {
    return rest.reduce((value: unknown, step) => own(value, step), this.values.get(String(key)));
  }

  private keys(): string {
    const { local = [] } = this.setup;
    const open = [...this.values.keys()].filter((key) => !key.startsWith("_") || local.includes(key));
    return `its keys are ${open.slice(0, 40).join(", ")}`;
  }

  private post(method: string, entries: [string, unknown][]): void {
    if (this.ended || !this.comm || entries.length === 0) return;
    const { state, bufferPaths, buffers } = pack(this.setup.where, entries, idOf);
    this.comm.send({ method, state, buffer_paths: bufferPaths }, { buffers });
  }

  private closeCompanions(): void {
    for (const companion of this.setup.companions ?? []) companion.close();
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    forget(this);
    this.closeCompanions();
    void this.events.emit("close", this);
  }
}

/** Echo changes between front ends that share a model, under ipywidgets' environment variable. */
const ECHO = !["no", "n", "false", "off", "0", "0.0"].includes(
  (platform().environment().JUPYTER_WIDGETS_ECHO ?? "yes").toLowerCase(),
);

function toDataView(bytes: Uint8Array): DataView {
  return new DataView(new Uint8Array(bytes).buffer);
}

/**
 * Checks a model's identity.
 *
 * @throws WidgetError unless the state names the class of its model
 */
export function checkIdentity(where: string, state: object): void {
  for (const key of ["_model_module", "_model_module_version", "_model_name"]) {
    const name = own(state, key);
    if (typeof name !== "string") throw new WidgetError(where, `${key} must be a text`, name);
  }
}

/** Adopts a model made by the front end, such as the parts of a game controller. */
function adopt(comm: Comm, open: CommMessage): void {
  try {
    new Widget({ where: WIDGET_TARGET, state: Object.fromEntries(readOpen(open)) }, comm);
  } catch (error) {
    comm.close();
    throw error;
  }
}

function readOpen(open: CommMessage): Map<string, unknown> {
  checkSize(WIDGET_TARGET, open);
  const { version } = open.metadata;
  if (typeof version !== "string" || version.split(".")[0] !== "2") {
    throw new WidgetError(WIDGET_TARGET, "the protocol's version must be 2.x", version);
  }
  const { state, bufferPaths } = readState(WIDGET_TARGET, open);
  checkIdentity(WIDGET_TARGET, state);
  return unpack(WIDGET_TARGET, state, bufferPaths, open.buffers, () => undefined);
}
