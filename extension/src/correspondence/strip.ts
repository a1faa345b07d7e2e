import { encoderOf, most, type CorrespondencePayload, type ImageIndex, type SavedLayer } from "fovea/protocol";
import { element, setText } from "../dom";
import type { Pane } from "../panes";
import { press } from "../parts/fields";
import type { Translate } from "../parts/translate";
import type { FeatureStore } from "./features";
import { answerQuery, layerPCK, otherSide, type Answer } from "./query";
import { smallScene } from "./scene";
import { cell, facetName } from "./speech";
import { activeQuery, type ViewState } from "./state";

/** The query at every layer, facet and encoder: small pictures beside each other, each a button that shows its layer. */
export class Strip {
  readonly node: HTMLElement;

  constructor(
    private readonly trans: Translate,
    private readonly payload: CorrespondencePayload,
    private readonly panes: readonly Pane[],
    choose: (layer: number) => void,
  ) {
    this.tiles = payload.layers.map((layer, i) => new Tile(trans, layer, () => choose(i)));
    const attributes = { role: "group", "aria-label": trans.__("The query at every depth"), hidden: "" };
    this.node = element("div", { class: "jp-FoveaCorrespondence-strip", attributes }, ...this.rows());
  }

  /** Draws every layer that has features; a strip that is hidden costs nothing. */
  draw(state: ViewState, store: FeatureStore): void {
    this.node.hidden = !state.strip;
    if (!state.strip) return;
    const query = activeQuery(state);
    const other = otherSide(query.side, state);
    this.tiles.forEach((tile, layer) => {
      const at = { ...state, layer };
      const answer = answerQuery(this.payload, store, at, query);
      tile.show(this.payload, at, answer, this.panes[other], other);
      tile.setScore(this.score(store, at));
      tile.setCurrent(layer === state.layer);
    });
  }

  /** One row for each encoder and facet, under its name where there are several. */
  private rows(): HTMLElement[] {
    const rows = new Map<string, HTMLElement[]>();
    this.payload.layers.forEach((layer, i) => {
      const name = groupName(this.trans, this.payload, layer);
      const row = rows.get(name) ?? [];
      rows.set(name, [...row, this.tiles[i].node]);
    });
    const isNamed = rows.size > 1;
    return [...rows].flatMap(([name, tiles]) => [
      ...(isNamed ? [element("p", { class: "jp-FoveaView-note", text: name })] : []),
      element("div", { class: "jp-FoveaCorrespondence-tiles" }, ...tiles),
    ]);
  }

  /** Keypoints in place at a layer; they change with the features, not with every hover. */
  private score(store: FeatureStore, state: ViewState): string {
    if (!this.payload.groundTruth) return "";
    const { layer, similarity, reverse } = state;
    const key = [layer, similarity === "centered", reverse, store.hasFull(layer), Boolean(store.layer(layer))].join();
    let score = this.scores.get(key);
    if (score === undefined) {
      const pck = layerPCK(this.payload, store, state);
      this.scores.set(key, (score = pck ? this.trans.__("%1 of %2", pck.correct, pck.total) : ""));
    }
    return score;
  }

  private readonly tiles: Tile[];
  private readonly scores = new Map<string, string>();
}

function groupName(trans: Translate, payload: CorrespondencePayload, layer: SavedLayer): string {
  const { name } = encoderOf(payload, layer);
  return layer.facet ? `${name} · ${facetName(trans, layer.facet)}` : name;
}

/** One layer. */
class Tile {
  readonly node: HTMLButtonElement;

  constructor(
    private readonly trans: Translate,
    { layer }: SavedLayer,
    onClick: () => void,
  ) {
    const name = element("span", { text: trans.__("layer %1", layer) });
    const words = element("span", { class: "jp-FoveaCorrespondence-tileWords" }, name, this.value, this.pck);
    const attributes = { type: "button", title: trans.__("Show this layer") };
    this.node = element("button", { class: "jp-FoveaView-choice", attributes }, this.canvas, words);
    this.node.addEventListener("click", onClick);
  }

  show(
    payload: CorrespondencePayload,
    state: ViewState,
    answer: Answer | undefined,
    pane: Pane,
    other: ImageIndex,
  ): void {
    const { width, height } = payload.images[other];
    this.canvas.style.aspectRatio = `${width} / ${height}`;
    this.canvas.width = Math.round(most([1, this.canvas.clientWidth]) * window.devicePixelRatio);
    this.canvas.height = Math.round((this.canvas.width * height) / width);
    pane.drawOn(this.canvas, answer ? smallScene(payload, state, answer) : { marks: [] });
    setText(this.value, answer ? this.words(payload, state, answer) : this.trans.__("not here"));
  }

  setScore(score: string): void {
    setText(this.pck, score);
  }

  setCurrent(isCurrent: boolean): void {
    press(this.node, isCurrent);
    this.node.classList.toggle("jp-mod-selected", isCurrent);
  }

  private words(payload: CorrespondencePayload, { layer }: ViewState, { best, other, score }: Answer): string {
    const [row, column] = cell(best, payload.layers[layer].placements[other].grid[1]);
    return this.trans.__("%1 at %2, %3", score.toFixed(2), row, column);
  }

  private readonly canvas = element("canvas", { attributes: { "aria-hidden": "true" } });
  private readonly value = element("span", {});
  private readonly pck = element("span", {});
}
