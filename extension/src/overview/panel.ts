import {
  memoryText,
  statusRows,
  type CardReply,
  type ListedAdapter,
  type ListedEncoder,
  type ListedFeatures,
  type ListedTraining,
  type LoadedEncoder,
} from "fovea/protocol";
import { element, freshId, setText } from "../dom";
import { facts } from "../parts/facts";
import { button } from "../parts/fields";
import type { Translate } from "../parts/translate";
import type { OverviewConnection } from "./connection";
import { KeyedList } from "./keyed-list";
import { AdapterRow, EncoderRow, encoderName, FeaturesRow, LoadedRow, TrainingRow, type RowActions } from "./rows";
import { Section } from "./sections";

type Sections = Record<"trainings" | "loaded" | "encoders" | "adapters" | "features" | "device", Section>;

/** The content of the side panel: knows a connection, and nothing of JupyterLab. */
export class OverviewPanel {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    private readonly insertCode: (code: string) => void,
  ) {
    this.actions = {
      trans,
      send: (request) => this.connection?.send(request),
      insert: (code) => this.insertCode(code),
      card: (encoder, place) => this.askCard(encoder, place),
    };
    this.filter.id = freshId("filter");
    this.filter.addEventListener("input", () => this.showEncoders());
    this.sections = this.makeSections();
    this.body.append(...Object.values(this.sections).map(({ node }) => node), this.cut);
    this.refresh = button(trans.__("Refresh"), trans.__("Look through the folders again"), () =>
      this.connection?.send({ type: "shelf" }),
    );
    const head = element("div", { class: "jp-FoveaOverview-top" }, this.where, this.refresh);
    this.node = element("div", { class: "jp-FoveaOverview" }, head, this.problem, this.body);
    this.follow(undefined, "");
  }

  /** Shows another kernel, or none. @param notebook name of the notebook in front; empty without one */
  follow(connection: OverviewConnection | undefined, notebook: string): void {
    this.connection = connection;
    this.notebook = notebook;
    this.waiting.clear();
    setText(this.problem, "");
    connection?.changed.connect(() => this.draw());
    connection?.cards.connect((_, card) => this.showCard(card));
    connection?.failed.connect((_, problem) => this.fail(problem));
    this.draw();
  }

  private draw(): void {
    const { connection, trans } = this;
    const isLive = connection?.state === "live";
    setText(this.where, this.sentence());
    this.body.hidden = this.refresh.hidden = !isLive;
    if (!connection || !isLive) return;
    this.showEncoders();
    const { shelf, activity } = connection;
    this.show(this.sections.adapters, this.adapters, shelf?.adapters ?? []);
    this.show(this.sections.features, this.features, shelf?.features ?? []);
    this.show(this.sections.loaded, this.loaded, activity?.encoders ?? []);
    this.show(this.sections.trainings, this.trainings, activity?.trainings ?? []);
    setText(this.cut, shelf && !shelf.isWhole ? trans.__("The folder holds more than is listed here.") : "");
    if (!activity) return;
    const { status, viewBytes, viewLimit } = activity;
    const views = trans.__("%1 of %2", memoryText(viewBytes), memoryText(viewLimit));
    const rows = facts([...statusRows(status, trans), [trans.__("open views"), views]]);
    this.device.replaceChildren(rows);
  }

  private sentence(): string {
    const { connection, notebook, trans } = this;
    if (!notebook) return trans.__("Open a notebook: this panel shows what its kernel can use.");
    if (connection?.state === "live") return notebook;
    if (connection?.state === "connecting")
      return trans.__("Waiting for the kernel of %1; a cell that never awaits delays its answer.", notebook);
    return trans.__("No Fovea kernel runs in %1.", notebook);
  }

  private makeSections(): Sections {
    const { trans } = this;
    const label = element("label", { text: trans.__("Filter"), attributes: { for: this.filter.id } });
    const filter = element("div", { class: "jp-FoveaOverview-filter" }, label, this.filter);
    const none = trans.__("None below the notebook's folder.");
    return {
      trainings: new Section(trans.__("Trainings"), trans.__("None runs in this session."), this.trainings.node),
      loaded: new Section(trans.__("In memory"), trans.__("No encoder is loaded."), this.loaded.node),
      encoders: new Section(trans.__("Encoders"), trans.__("None fits the filter."), this.encoders.node, filter),
      adapters: new Section(trans.__("Adapters"), none, this.adapters.node),
      features: new Section(trans.__("Features"), none, this.features.node),
      device: new Section(trans.__("Device and memory"), "", this.device),
    };
  }

  private show<T>(section: Section, list: KeyedList<T>, items: readonly T[]): void {
    list.show(items);
    section.setCount(items.length);
  }

  private showEncoders(): void {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (one: ListedEncoder): boolean => words.every((word) => encoderName(one).toLowerCase().includes(word));
    this.show(this.sections.encoders, this.encoders, (this.connection?.shelf?.encoders ?? []).filter(fits));
  }

  private askCard(encoder: ListedEncoder, place: HTMLElement): void {
    const { source, file } = encoder;
    this.waiting.set(encoderName(encoder), place);
    this.connection?.send({ type: "card", source, file });
  }

  private showCard(card: CardReply): void {
    const name = encoderName(card);
    this.waiting.get(name)?.replaceChildren(facts(card.rows));
    this.waiting.delete(name);
  }

  /** Says a refusal; cards that were asked for may not come. */
  private fail(problem: string): void {
    setText(this.problem, problem);
    for (const place of this.waiting.values()) place.replaceChildren(element("p", { text: problem }));
  }

  private connection: OverviewConnection | undefined;
  private notebook = "";
  /** Places of cards that were asked for, by the encoder's name. */
  private readonly waiting = new Map<string, HTMLElement>();
  private readonly actions: RowActions;
  private readonly encoders = new KeyedList<ListedEncoder>(encoderName, (one) => new EncoderRow(one, this.actions));
  private readonly adapters = new KeyedList<ListedAdapter>(
    ({ path }) => path,
    (one) => new AdapterRow(one, this.actions),
  );
  private readonly features = new KeyedList<ListedFeatures>(
    ({ path }) => path,
    (one) => new FeaturesRow(one, this.actions),
  );
  private readonly loaded = new KeyedList<LoadedEncoder>(
    ({ id }) => String(id),
    (one) => new LoadedRow(one, this.actions),
  );
  private readonly trainings = new KeyedList<ListedTraining>(
    ({ id }) => String(id),
    (one) => new TrainingRow(one, this.actions),
  );
  private readonly sections: Sections;
  private readonly filter = element("input", { attributes: { type: "search", spellcheck: "false" } });
  private readonly refresh: HTMLButtonElement;
  private readonly where = element("p", { class: "jp-FoveaOverview-where", attributes: { role: "status" } });
  private readonly problem = element("p", { class: "jp-FoveaOverview-problem", attributes: { role: "alert" } });
  private readonly cut = element("p", { class: "jp-FoveaOverview-empty" });
  private readonly device = element("div", { class: "jp-FoveaOverview-device" });
  private readonly body = element("div", { class: "jp-FoveaOverview-sections" });
}
