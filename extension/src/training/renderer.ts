import type { IRenderMime } from "@jupyterlab/rendermime-interfaces";
import { readTraining, TRAINING_MIME, type BundleReply } from "fovea/protocol";
import type { TrainingReply, ViewConnection } from "../comms";
import { ThemedOutput, type ViewerServices } from "../viewers";
import type { TrainingViewer } from "./viewer";

/** Of the bundle that the kernel writes, what an output of ours holds. */
const KEPT = [TRAINING_MIME, "image/png", "text/plain"];
/** How far the notebook may lie behind a training; the kernel itself writes more often where it can. */
const BEHIND_MS = 20_000;
const ENDED_MS = 1_000;

/** Renders one training output: connects it to its kernel, and keeps what the notebook will save up to date. */
export class TrainingRenderer extends ThemedOutput<TrainingViewer> {
  constructor(services: ViewerServices) {
    super(TRAINING_MIME, services);
  }

  override async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.model = model;
    if (this.takesUpdate(model)) return;
    await super.renderModel(model);
  }

  protected async open(data: unknown): Promise<TrainingViewer> {
    const payload = readTraining(data);
    const { TrainingViewer } = await import("./viewer");
    this.view = payload.view;
    return new TrainingViewer({
      payload,
      trans: this.trans,
      colormap: this.preferences().colormap ?? "viridis",
      steer: (run, command) => this.connection?.steer(run, command),
    });
  }

  protected listen(connection: ViewConnection, viewer: TrainingViewer): void {
    connection.trainingReceived.connect((_, reply) => this.receive(reply, viewer));
  }

  protected override clear(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    super.clear();
  }

  private receive(reply: TrainingReply, viewer: TrainingViewer): void {
    if (reply.type === "bundle") return this.store(reply, viewer);
    viewer.receive(reply);
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
    const look = (): void => {
      this.timer = undefined;
      if (!viewer.isSaved(this.model?.data[TRAINING_MIME])) this.connection?.askBundle();
    };
    this.timer = window.setTimeout(look, viewer.ended ? ENDED_MS : BEHIND_MS);
  }

  private store({ bundle }: BundleReply, viewer: TrainingViewer): void {
    const { model } = this;
    if (!model) return;
    try {
      if (readTraining(bundle[TRAINING_MIME]).view !== this.view) return;
      const kept = KEPT.filter((mime) => mime === TRAINING_MIME || typeof bundle[mime] === "string");
      const data = Object.fromEntries(kept.map((mime) => [mime, bundle[mime]])) as IRenderMime.IMimeModel["data"];
      model.setData({ data: { ...model.data, ...data } });
    } catch (error) {
      viewer.setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  private model: IRenderMime.IMimeModel | undefined;
  private timer: number | undefined;
}
