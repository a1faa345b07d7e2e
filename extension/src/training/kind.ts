import { readTraining, TRAINING_MIME } from "fovea/protocol";
import type { ViewerKind } from "../frame/viewer-kind";
import type { TrainingViewer } from "./viewer";

export const kind: ViewerKind<TrainingViewer> = {
  mimeType: TRAINING_MIME,
  open: async (data, { trans, preferences, send }) => {
    const payload = readTraining(data);
    const { TrainingViewer } = await import("./viewer");
    const colormap = preferences().colormap ?? "viridis";
    return { view: payload.view, viewer: new TrainingViewer({ payload, trans, colormap, send }) };
  },
};
