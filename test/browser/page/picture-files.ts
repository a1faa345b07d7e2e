/** Pictures in the forms that photographs come in. */
import sharp, { type Sharp } from "sharp";
import { world } from "../../../kernel/data/index.ts";

const drawn = world.render(world.scene(11));
const raw = { width: drawn.width, height: drawn.height, channels: 3 as const };
const picture = (): Sharp => sharp(Buffer.from(drawn.data), { raw });

/** Grey levels as opacity, so that every level occurs. */
function withAlpha(): Sharp {
  const alpha = Buffer.from(Array.from({ length: drawn.width * drawn.height }, (_, i) => i % 256));
  return picture().joinChannel(alpha, { raw: { width: drawn.width, height: drawn.height, channels: 1 } });
}

/** Encoded pictures by name. */
export async function pictureFiles(): Promise<Record<string, Buffer>> {
  const odd = (): Sharp => picture().resize(101, 67);
  const turned = async (orientation: number): Promise<Buffer> =>
    odd().withMetadata({ orientation }).jpeg({ quality: 90 }).toBuffer();
  return {
    "exact.jpg": await picture().jpeg({ quality: 95, chromaSubsampling: "4:4:4" }).toBuffer(),
    "photo.jpg": await odd().jpeg({ quality: 80 }).toBuffer(),
    "progressive.jpg": await odd().jpeg({ quality: 80, progressive: true }).toBuffer(),
    "grey.jpg": await odd().greyscale().jpeg().toBuffer(),
    "turned-3.jpg": await turned(3),
    "turned-5.jpg": await turned(5),
    "turned-6.jpg": await turned(6),
    "turned-8.jpg": await turned(8),
    "plain.png": await odd().png().toBuffer(),
    "grey.png": await odd().greyscale().png().toBuffer(),
    "clear.png": await withAlpha().png().toBuffer(),
    "palette.png": await odd().png({ palette: true, colors: 16 }).toBuffer(),
    "two-colors.png": await odd().png({ palette: true, colors: 2 }).toBuffer(),
    "many-colors.png": await odd().png({ palette: true, colors: 200 }).toBuffer(),
    "deep.png": await picture().toColourspace("rgb16").png().toBuffer(),
    "interlaced.png": await odd().png({ progressive: true }).toBuffer(),
  };
}
