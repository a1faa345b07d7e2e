import type { ListedAdapter, ListedEncoder, ListedFeatures } from "fovea/protocol";
import { call, cell, declare, literal, Raw } from "../export";

/** The cell that loads an encoder and shows its facts. */
export function encoderCode({ source, file }: ListedEncoder): string {
  return cell(
    ["encoders"],
    [declare("encoder", new Raw(`await ${call("encoders.load", [source], { file })}`)), "encoder"],
  );
}

/** The cell that shows an adapter's contents. */
export function adapterCode({ path }: ListedAdapter): string {
  return cell(["lora"], [`await lora.inspect(${literal(path)})`]);
}

/** The cell that opens a folder of features as a gallery. */
export function featuresCode({ path }: ListedFeatures): string {
  return cell(
    ["features", "view"],
    [declare("folder", new Raw(`await features.open(${literal(path)})`)), "await view.gallery(folder)"],
  );
}
