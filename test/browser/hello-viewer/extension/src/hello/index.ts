import type { JupyterFrontEndPlugin } from "@jupyterlab/application";
import { HELLO_MIME, readHello } from "fovea/protocol";
import { viewerPlugin } from "../frame/plugin";

export const helloPlugin: JupyterFrontEndPlugin<void> = viewerPlugin({
  name: "hello",
  description: "Greets.",
  mimeType: HELLO_MIME,
  open: async (data, { trans, send }) => {
    const payload = readHello(data);
    const { HelloViewer } = await import("./viewer");
    return { view: payload.view, viewer: new HelloViewer({ payload, trans, send }) };
  },
});
