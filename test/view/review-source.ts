/** Predictions of a model on two pictures, in plain data. */
import type { ImageInput, RawImage } from "../../kernel/data/image";
import type { ReferImage } from "../../kernel/data/refer/expression";
import type { ReviewPredictionLike } from "../../kernel/view/review/index";
import { HEIGHT, LEFT, picture, RIGHT, WIDTH } from "./grounding-source";

const imageOf = (id: number) => ({ id, fileName: `${id}.jpg`, width: WIDTH, height: HEIGHT });

/** The picture of every prediction. */
export const images = (image: ReferImage): ImageInput => (image.id > 9 ? "missing.jpg" : (picture as RawImage));

export const PREDICTIONS: ReviewPredictionLike[] = [
  { id: "a", phrase: "the red boat", at: 1, box: LEFT, score: 0.41 },
  { id: "b", phrase: "the blue boat", at: 1, box: LEFT, score: 0.2 },
  { id: "c", phrase: "the sure boat", at: 2, box: RIGHT, score: 0.95 },
  { id: "d", phrase: "nothing at all", at: 2, box: RIGHT, score: 0.3 },
].map(({ id, phrase, at, box, score }) => ({
  expression: { id, split: "train", phrase, image: imageOf(at) },
  box: box as [number, number, number, number],
  score,
}));
