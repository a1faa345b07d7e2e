import {
  memoryText,
  type ListedAdapter,
  type ListedEncoder,
  type ListedFeatures,
  type ListedTraining,
  type LoadedEncoder,
  type OverviewRequest,
} from "fovea/protocol";
import { element, freshId, setText } from "../dom";
import { bytesText, facts } from "../parts/facts";
import { button } from "../parts/fields";
import type { Translate } from "../parts/translate";
import { adapterCode, encoderCode, featuresCode } from "./code";
import type { Row } from "./keyed-list";

/** Actions of the rows. */
export interface RowActions {
  readonly trans: Translate;
  send(request: OverviewRequest): void;
  /** Puts code into the notebook in front. */
  insert(code: string): void;
  /** Asks for an encoder's card and fills it in when it comes. */
  card(encoder: ListedEncoder, place: HTMLElement): void;
}

/** An item that opens under its name. */
abstract class FoldedRow<T> implements Row<T> {
  readonly node = element("li", { class: "jp-FoveaOverview-row" });
  protected readonly name: HTMLButtonElement;
  protected readonly side = element("span", { class: "jp-FoveaOverview-side" });
  protected readonly body = element("div", { class: "jp-FoveaOverview-body", attributes: { hidden: "" } });

  constructor(
    title: string,
    tip: string,
    private readonly opened: () => void,
    ...actions: HTMLButtonElement[]
  ) {
    this.name = button(title, tip, () => this.toggle());
    this.name.className = "jp-FoveaOverview-name";
    this.body.id = freshId("card");
    this.name.setAttribute("aria-expanded", "false");
    this.name.setAttribute("aria-controls", this.body.id);
    const head = element("div", { class: "jp-FoveaOverview-head" }, this.name, this.side, ...actions);
    this.node.append(head, this.body);
  }

  abstract update(item: T): void;

  private toggle(): void {
    this.body.hidden = !this.body.hidden;
    this.name.setAttribute("aria-expanded", String(!this.body.hidden));
    if (!this.body.hidden) this.opened();
  }
}

const insertButton = ({ trans, insert }: RowActions, what: string, code: () => string): HTMLButtonElement => {
  const node = button("+", trans.__("Insert the code that loads %1 into the notebook", what), () => insert(code()));
  node.setAttribute("aria-label", node.title);
  return node;
};

/** An encoder on the disk, with its card. */
export class EncoderRow extends FoldedRow<ListedEncoder> {
  private isAsked = false;

  constructor(
    private readonly encoder: ListedEncoder,
    private readonly actions: RowActions,
  ) {
    super(
      encoderName(encoder),
      actions.trans.__("Show the card of this encoder"),
      () => this.ask(),
      insertButton(actions, encoderName(encoder), () => encoderCode(encoder)),
    );
  }

  update({ bytes }: ListedEncoder): void {
    setText(this.side, bytesText(bytes));
  }

  private ask(): void {
    if (this.isAsked) return;
    this.isAsked = true;
    this.body.replaceChildren(element("p", { text: this.actions.trans.__("Reading …") }));
    this.actions.card(this.encoder, this.body);
  }
}

/** Name of an encoder in the list. */
export const encoderName = ({ source, file }: Pick<ListedEncoder, "source" | "file">): string =>
  file === undefined ? source : `${source} · ${file}`;

/** An adapter, with the facts of its configuration. */
export class AdapterRow extends FoldedRow<ListedAdapter> {
  constructor(adapter: ListedAdapter, actions: RowActions) {
    super(
      adapter.path,
      actions.trans.__("Show the card of this adapter"),
      () => undefined,
      insertButton(actions, adapter.path, () => adapterCode(adapter)),
    );
    this.trans = actions.trans;
  }

  update({ bytes, kind, rank, base }: ListedAdapter): void {
    const { trans } = this;
    setText(this.side, bytesText(bytes));
    const rows: [string, string][] = [
      [trans.__("type"), kind],
      [trans.__("rank"), rank === null ? "-" : String(rank)],
      [trans.__("base model"), base ?? "-"],
    ];
    this.body.replaceChildren(facts(rows));
  }

  private readonly trans: Translate;
}

/** A folder of features, with its content. */
export class FeaturesRow extends FoldedRow<ListedFeatures> {
  constructor(features: ListedFeatures, actions: RowActions) {
    super(
      features.path,
      actions.trans.__("Show what this folder holds"),
      () => undefined,
      insertButton(actions, features.path, () => featuresCode(features)),
    );
    this.trans = actions.trans;
  }

  update({ bytes, encoder, images, layers }: ListedFeatures): void {
    const { trans } = this;
    setText(this.side, bytesText(bytes));
    const rows: [string, string][] = [
      [trans.__("encoder"), encoder],
      [trans.__("pictures"), images.toLocaleString("en")],
      [trans.__("layers"), layers.join(", ")],
    ];
    this.body.replaceChildren(facts(rows));
  }

  private readonly trans: Translate;
}

/** An encoder in memory, which can be freed. */
export class LoadedRow implements Row<LoadedEncoder> {
  readonly node: HTMLElement;
  private readonly side = element("span", { class: "jp-FoveaOverview-side" });

  constructor({ id, name }: LoadedEncoder, { trans, send }: RowActions) {
    const free = button(
      trans.__("Free"),
      trans.__("Free the memory of %1; using it afterwards is an error", name),
      () => send({ type: "free", id }),
    );
    free.setAttribute("aria-label", free.title);
    const label = element("span", { class: "jp-FoveaOverview-text", text: name });
    const head = element("div", { class: "jp-FoveaOverview-head" }, label, this.side, free);
    this.node = element("li", { class: "jp-FoveaOverview-row" }, head);
  }

  update({ device, bytes }: LoadedEncoder): void {
    setText(this.side, `${device} · ${memoryText(bytes)}`);
  }
}

/** A training, which can be paused and stopped. */
export class TrainingRow implements Row<ListedTraining> {
  readonly node: HTMLElement;
  private readonly side = element("span", { class: "jp-FoveaOverview-side" });
  private readonly bar = element("progress", {});
  private readonly pause: HTMLButtonElement;
  private readonly stop: HTMLButtonElement;
  private waits = false;

  constructor({ id, name }: ListedTraining, { trans, send }: RowActions) {
    this.trans = trans;
    const label = name || trans.__("Training %1", id);
    this.pause = button(trans.__("Pause"), "", () =>
      send({ type: "steer", id, command: this.waits ? "resume" : "pause" }),
    );
    this.stop = button(trans.__("Stop"), trans.__("Ends the training after the update that is under way"), () =>
      send({ type: "steer", id, command: "stop" }),
    );
    this.bar.setAttribute("aria-label", trans.__("Progress of %1", label));
    const text = element("span", { class: "jp-FoveaOverview-text", text: label });
    const head = element("div", { class: "jp-FoveaOverview-head" }, text, this.pause, this.stop);
    this.node = element("li", { class: "jp-FoveaOverview-row" }, head, this.bar, this.side);
  }

  update({ state, step, totalSteps }: ListedTraining): void {
    const { trans } = this;
    this.waits = state === "paused" || state === "pausing";
    const goes = state === "running" || this.waits;
    setText(this.pause, this.waits ? trans.__("Resume") : trans.__("Pause"));
    this.pause.title = trans.__("After the update that is under way");
    this.pause.hidden = this.stop.hidden = !goes;
    this.bar.max = Math.max(1, totalSteps);
    this.bar.value = step;
    setText(this.side, trans.__("%1 · update %2 of %3", stateText(trans, state), step, totalSteps));
  }

  private readonly trans: Translate;
}

function stateText(trans: Translate, state: ListedTraining["state"]): string {
  const words: Record<ListedTraining["state"], string> = {
    waiting: trans.__("waiting"),
    running: trans.__("running"),
    pausing: trans.__("pausing"),
    paused: trans.__("paused"),
    stopping: trans.__("stopping"),
    finished: trans.__("finished"),
    stopped: trans.__("stopped"),
    interrupted: trans.__("interrupted"),
    failed: trans.__("failed"),
  };
  return words[state];
}
