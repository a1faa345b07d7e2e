/** A phrase that is typed into the grounding viewer of a JupyterLab, from the key to the box. */
import { join } from "node:path";
import { environment, root } from "../../binder/setup.mjs";
import { capture } from "./capture.mjs";

export async function typing() {
  const script = join("test", "browser", "typing-latency.ts");
  const options = { cwd: root, env: environment() };
  const { answers, branchMs, boxMs } = JSON.parse(
    await capture(process.execPath, ["--import", "tsx", script], options),
  );
  const row = (measure, [median, p95], goal) => ({ measure, "median ms": median, "p95 ms": p95, goal });
  return {
    title: "Grounding while one types",
    note: `\`zoo/phrase-beit3\` under a head of 64 channels, a picture of 96 pixels whose tokens are stored, ${answers} phrases that grow by a word, both branches; Chromium beside the kernel on the same cores. No peer draws a box while one types.`,
    rows: [
      row("token branch in the kernel", branchMs, "50 ms"),
      row("from the key to the box on the screen", boxMs, "-"),
    ],
  };
}
