import type { Encoder } from "./encoder";
import { EncoderError } from "./errors";

/** Models that encoders become when they are trained: the room of models adds the type of its models as `model`. */
export interface TrainableModels {
  /** Name of the function that makes them. */
  maker: "encoders.Encoder.trainable";
}

/** Type of the model that `Encoder.trainable` makes. */
export type TrainableModel = TrainableModels extends { model: infer Model } ? Model : never;

type Maker = (encoder: Encoder) => Promise<TrainableModel>;

let maker: Maker | null = null;

/** Sets the function that makes models out of encoders. Models know encoders, not the other way round. */
export function makeTrainableBy(made: Maker): void {
  maker = made;
}

/** @throws EncoderError where no room of models is loaded */
export function trainableOf(encoder: Encoder): Promise<TrainableModel> {
  if (maker) return maker(encoder);
  throw new EncoderError("encoders.Encoder.trainable", "the models of fovea must be loaded", encoder.name);
}
