import type { RawImage } from "../../data/image";
import { platform } from "../../platform";
import { base64Encode } from "../../protocol/core/base64";
import { fitText } from "../../protocol/core/text-width";
import { label, tag } from "./figure/svg";
import type { Drawn } from "./figure/still";
import { resizePicture } from "./pictures";

const [CAPTION, SIZE] = [18, 12];

/** A picture as part of a drawing, with a caption below where there is one; `over` is drawn on it. */
export async function pictureTile(
  raw: RawImage,
  [width, height]: readonly [number, number],
  { caption = "", over = [] }: { caption?: string; over?: readonly string[] } = {},
): Promise<Drawn> {
  const file = await platform().codec.png(await resizePicture(raw, width, height));
  const picture = tag("image", { width, height, href: `data:image/png;base64,${base64Encode(file)}` });
  const words = caption ? [label(fitText(caption, width, SIZE), 0, height + SIZE + 2, { size: SIZE })] : [];
  return { width, height: height + (caption ? CAPTION : 0), parts: [picture, ...over, ...words] };
}
