/** A small payload and store for the tests of the viewer: 2 x 3 patches against 2 x 2, three channels. */
import { quantize, type CorrespondencePayload } from "../../kernel/protocol";

const SOURCE = [1, 0, 0, 0, 1, 0, 0, 0, 1, 0.6, 0.8, 0, 0, 0.6, 0.8, 0.8, 0, 0.6];
const TARGET = [0, 0, 1, 0, 1, 0, 1, 0, 0, 0.6, 0.8, 0];

export function smallPayload(changes: Partial<CorrespondencePayload> = {}): CorrespondencePayload {
  const image = { label: "a.png", width: 30, height: 20, mime: "image/png" as const, data: "" };
  const placements: CorrespondencePayload["layers"][number]["placements"] = [
    { grid: [2, 3], region: [0, 0, 30, 20] },
    { grid: [2, 2], region: [0, 0, 20, 20] },
  ];
  const reduced: [ReturnType<typeof quantize>, ReturnType<typeof quantize>] = [
    quantize(Float32Array.from(SOURCE), 3),
    quantize(Float32Array.from(TARGET), 3),
  ];
  return {
    version: 1,
    view: "v",
    title: "",
    encoder: "e",
    device: "cpu",
    images: [image, { ...image, label: "b.png", width: 20 }],
    layers: [
      { layer: 4, label: "Layer 4", channels: 3, placements },
      { layer: 5, label: "Layer 5", channels: 3, placements, reduced },
    ],
    current: 1,
    groundTruth: { source: [[5, 5]], target: [[5, 15]], names: ["beak"], alpha: 0.1, thresholds: [3, 2] },
    pins: [],
    similarity: "cosine",
    temperature: 0.05,
    scale: "absolute",
    colormap: "viridis",
    opacity: 0.5,
    ...changes,
  };
}

export const fullFeatures: [Float32Array, Float32Array] = [Float32Array.from(SOURCE), Float32Array.from(TARGET)];
