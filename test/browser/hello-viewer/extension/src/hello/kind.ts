import { HELLO_MIME, readHello } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";

export const kind: ViewerKind = {
  mimeType: HELLO_MIME,
  open: async (data, { trans, send }) => {
    const payload = readHello(data);
    const { HelloViewer } = await import("./viewer");
    return { view: payload.view, viewer: new HelloViewer({ payload, trans, send }) };
  },
};
