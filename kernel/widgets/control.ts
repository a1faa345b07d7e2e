/** Delivery of open models to a front end that connects late, as after a reload: all at once, or one by one. */
import { currentHost, type Comm, type CommMessage, type SessionHost } from "../display/host";
import { WidgetError } from "./error";
import { all, idOf, type LiveModel } from "./live";
import { checkSize, CONTROL_TARGET, WIDGET_TARGET } from "./messages";
import { own, pack } from "./packing";

/**
 * Largest reply with all models. The front end waits 4 s for it and reads only one message; above this size a closed
 * comm tells it to request each model.
 */
export const MAX_STATES = 8 * 1024 * 1024;

let served: SessionHost | undefined;

/** Registers both comm targets with the session, once. `adopt` receives a model made by the front end. */
export function serveFrontEnds(adopt: (comm: Comm, open: CommMessage) => void): void {
  const host = currentHost();
  if (!host || host === served) return;
  host.registerCommTarget(CONTROL_TARGET, serveControl);
  host.registerCommTarget(WIDGET_TARGET, adopt);
  served = host;
}

function serveControl(comm: Comm, { metadata }: CommMessage): void {
  const { version } = metadata;
  if (typeof version === "string" && version.split(".")[0] !== "1") {
    return comm.close({ error: `this kernel speaks version 1 of ${CONTROL_TARGET}, not ${version}` });
  }
  comm.onMessage((message) => answer(comm, message));
}

function answer(comm: Comm, message: CommMessage): void {
  checkSize(CONTROL_TARGET, message);
  const method = own(message.data, "method");
  if (method !== "request_states") throw new WidgetError(CONTROL_TARGET, "method must be request_states", method);
  const { state: states, bufferPaths, buffers } = pack(CONTROL_TARGET, all().map(describe), idOf);
  const bytes = buffers.reduce((sum, { byteLength }) => sum + byteLength, JSON.stringify(states).length);
  if (bytes > MAX_STATES) return comm.close({ error: `${bytes} bytes of state: ask each model for its own` });
  comm.send({ method: "update_states", states, buffer_paths: bufferPaths }, { buffers });
}

function describe(model: LiveModel): [string, unknown] {
  const state = Object.fromEntries(model.shared());
  const { _model_name: model_name, _model_module: model_module, _model_module_version: model_module_version } = state;
  return [model.id, { model_name, model_module, model_module_version, state }];
}
