/// <reference lib="dom" />
/**
 * A page with the front-end half of the extension and no JupyterLab: it activates the plugin of a viewer and renders one output,
 * with a kernel that the test stands in for by `toKernel` and `fromKernel`.
 */
import { Signal } from "@lumino/signaling";
import { Widget } from "@lumino/widgets";
import * as viewers from "./extension/src/viewers";

type Data = { [key: string]: unknown };
interface Bridge {
  toKernel(kind: "open" | "message", data: Data): Promise<void>;
  fromKernel(data: Data, buffers?: number[][]): void;
  show(plugin: string, bundle: Data): Promise<void>;
}
const bridge = window as unknown as Bridge;

function createComm(): object {
  const comm = {
    isDisposed: false,
    onMsg: (() => undefined) as (message: object) => void,
    open: (data: Data) => void bridge.toKernel("open", data),
    send: (data: Data) => void bridge.toKernel("message", data),
    close: () => undefined,
  };
  bridge.fromKernel = (data, buffers = []) =>
    comm.onMsg({ content: { data }, buffers: buffers.map((bytes) => new DataView(Uint8Array.from(bytes).buffer)) });
  return comm;
}

function session(): object {
  const kernel = { handleComms: true, info: Promise.resolve({ language_info: { name: "typescript" } }), createComm };
  const context = { session: { kernel } };
  const changes = {
    kernelChanged: new Signal<object, void>(context),
    statusChanged: new Signal<object, void>(context),
  };
  return Object.assign(context, changes);
}

interface Renderer extends Widget {
  renderModel(model: { data: Data }): Promise<void>;
}
interface Factory {
  mimeTypes: string[];
  createRenderer(): Renderer;
}

bridge.show = async (name, bundle) => {
  const plugin = Object.values(viewers).find(({ id }) => id === `jupyterlab-fovea:${name}`);
  if (!plugin) throw new Error(`no plugin ${name} in the registry`);
  const factories: Factory[] = [];
  const rendermime = { addFactory: (factory: Factory) => factories.push(factory) };
  const trans = {
    __: (text: string, ...values: string[]) => text.replace(/%(\d)/g, (_, n: string) => values[Number(n) - 1]),
  };
  const found = session();
  const sessions = { find: () => found };
  await (plugin.activate as (...services: unknown[]) => unknown)(
    { commands: {}, serviceManager: {} },
    rendermime,
    sessions,
    null,
    { load: () => trans },
    null,
  );
  const output = factories[0].createRenderer();
  Widget.attach(output, document.body);
  await output.renderModel({ data: bundle });
};
