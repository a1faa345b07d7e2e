import type { Device } from "../backend";
import { LiveObjects } from "../display/live-objects";
import type { EncoderInfo } from "./encoder-info";

/** Encoder in memory, as a panel lists and frees it. */
export interface OpenEncoder {
  readonly name: string;
  readonly device: Device;
  readonly info: EncoderInfo;
  dispose(): Promise<void>;
}

/** Encoders of this process that are not disposed. */
export const openEncoders = new LiveObjects<OpenEncoder>();
