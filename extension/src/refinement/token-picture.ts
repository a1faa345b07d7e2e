import { drawMark, type RefinementPayload, tokenPlace } from "fovea/protocol";
import { element, setText } from "../dom";
import type { Translate } from "../parts/translate";

/** Side of the picture in CSS pixels. */
const SIDE = 224;

/** The picture of a token, with the token's patch framed. */
export class TokenPicture {
  readonly canvas: HTMLCanvasElement = element("canvas", { class: "jp-FoveaRefinement-canvas" });
  readonly node: HTMLElement;
  private readonly caption = element("figcaption");
  private readonly images: HTMLImageElement[];

  /** @param onLoad called when a picture can be drawn that could not before */
  constructor(
    private readonly trans: Translate,
    private readonly payload: RefinementPayload,
    onLoad: () => void,
  ) {
    this.node = element(
      "figure",
      { class: "jp-FoveaRefinement-picture", attributes: { "aria-hidden": "true" } },
      this.canvas,
      this.caption,
    );
    this.images = payload.pictures.map(({ mime, data }) => {
      const image = new Image();
      image.addEventListener("load", onLoad, { once: true });
      image.src = `data:${mime};base64,${data}`;
      return image;
    });
  }

  draw(token: number, isPinned: boolean): void {
    const { payload, canvas, trans } = this;
    const { picture, row, column } = tokenPlace(payload, token);
    const { width, height } = payload.pictures[picture];
    const pixel = window.devicePixelRatio;
    const scale = (SIDE * pixel) / Math.max(width, height);
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const context = canvas.getContext("2d");
    const image = this.images[picture];
    if (!context) return;
    if (image.complete && image.naturalWidth > 0) context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const [rows, columns] = payload.grid;
    const [wide, tall] = [width / columns, height / rows];
    drawMark(
      context,
      { kind: "patch", at: [(column + 0.5) * wide, (row + 0.5) * tall], size: [wide, tall], cursor: !isPinned },
      { scale, pixel },
    );
    setText(this.caption, trans.__("picture %1 of %2", picture + 1, payload.pictures.length));
  }
}
