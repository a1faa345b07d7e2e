import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { readTraining, readTrainingReply, TRAINING_MIME, type BundleReply, type BundleRequest } from "fovea/protocol";
import type { Received } from "../comms/channel";
import { ViewOutput, type ViewerServices } from "../frame/view-output";
import { kind } from "./kind";
import type { TrainingViewer } from "./viewer";

/** Mime types of the kernel's bundle that an output holds. */
const KEPT = [TRAINING_MIME, "image/png", "text/plain"];
/** Longest time that the notebook may lie behind a training; the kernel itself writes more often where it can. */
const BEHIND_MS = 20_000;
const ENDED_MS = 1_000;

/** One training output: keeps the copy that the notebook will save up to date. */
export class TrainingOutput extends ViewOutput<TrainingViewer> {
  constructor(services: ViewerServices) {
    super(kind, services);
  }

  override async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.model = model;
    if (this.takesUpdate(model)) return;
    await super.renderModel(model);
  }

  protected override clear(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    super.clear();
  }

  protected override receive({ message }: Received, viewer: TrainingViewer): void {
    const reply = readTrainingReply(message);
    if (reply.type === "bundle") return this.store(reply);
    viewer.take(reply);
    this.plan(viewer);
  }

  /** The same view as before, with what the kernel wrote since: the viewer stays, and knows it already where it is live. */
  private takesUpdate(model: IRenderMime.IMimeModel): boolean {
    if (!this.content) return false;
    try {
      const payload = readTraining(model.data[TRAINING_MIME]);
      if (payload.view !== this.view) return false;
      this.content.accept(payload);
      return true;
    } catch {
      return false;
    }
  }

  /** Sees to it that the notebook does not stay behind. */
  private plan(viewer: TrainingViewer): void {
    if (viewer.ended) window.clearTimeout(this.timer);
    else if (this.timer !== undefined) return;
    const request: BundleRequest = { type: "bundle" };
    const look = (): void => {
      this.timer = undefined;
      if (!viewer.isSaved(this.model?.data[TRAINING_MIME])) this.connection?.send(request);
    };
    this.timer = window.setTimeout(look, viewer.ended ? ENDED_MS : BEHIND_MS);
  }

  private store({ bundle }: BundleReply): void {
    const { model } = this;
    if (!model || readTraining(bundle[TRAINING_MIME]).view !== this.view) return;
    const kept = KEPT.filter((mime) => mime === TRAINING_MIME || typeof bundle[mime] === "string");
    const data = Object.fromEntries(kept.map((mime) => [mime, bundle[mime]])) as IRenderMime.IMimeModel["data"];
    model.setData({ data: { ...model.data, ...data } });
  }

  private model: IRenderMime.IMimeModel | undefined;
  private timer: number | undefined;
}
