/** One query of the correspondence viewer in the browser, beside what DIFT's notebook computes for a click. */
import { join } from "node:path";
import { environment, root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";
import { peersPython } from "./peers.mjs";

const SIDE = 16;
const CHANNELS = 64;
const IMAGE = 384;

export async function hover() {
  const script = join("test", "browser", "hover-latency.ts");
  const options = { cwd: root, env: environment() };
  const ours = JSON.parse(await capture(process.execPath, ["--import", "tsx", script], options));
  const sizes = [SIDE, CHANNELS, IMAGE].map(String);
  const peer = Number(await capture(await peersPython(), [join(root, "test", "bench", "click.py"), ...sizes]));
  const ratio = (ours.medianMs / peer).toFixed(3);
  return {
    title: "One query",
    note: `${SIDE} x ${SIDE} patches of ${ours.dimensions} dimensions; Fovea: script of one hover in Chromium, drawing included, over ${ours.hovers} hovers; peer: DIFT's computation per click for a ${IMAGE} px image, no drawing.`,
    rows: [
      {
        "Fovea median ms": ours.medianMs.toFixed(2),
        "Fovea p95 ms": ours.p95Ms.toFixed(2),
        "DIFT's click ms": peer.toFixed(1),
        ratio,
      },
    ],
    summary: [
      {
        what: "one query of the viewer, drawing included",
        Fovea: `${ours.medianMs.toFixed(2)} ms`,
        peer: `DIFT's computation per click ${peer.toFixed(1)} ms`,
        ratio,
      },
    ],
  };
}
