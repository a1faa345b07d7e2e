/** The notebook of the attention viewer's and the gallery's test: pictures of the world, an encoder of the zoo. */
import { notebook } from "./notebook";

const SETUP_CELL = `import { rmSync, writeFileSync } from "node:fs";
import { data, encoders, features, view } from "fovea";

await data.world.writeSpair("world", { split: "test", categories: ["bird", "dog", "fish"], images: 24, pairs: 4 });
writeFileSync("world/JPEGImages/bird/broken.jpg", "no picture");
const clip = await encoders.load("zoo/clip-vit");
const extracted = await features.extract({ encoder: clip, images: "world/JPEGImages", out: "features" });
const folder = await features.open("features");
[folder.paths.length, clip.info.depth]`;

const ATTENTION_CELL = `const birds = folder.paths.filter((path) => path.startsWith("bird/")).map((path) => \`world/JPEGImages/\${path}\`);
await view.attention(birds.slice(0, 2), clip, { title: "Where it looks" })`;

/** The last picture goes after its features were extracted. */
const GALLERY_CELL = `rmSync(\`world/JPEGImages/\${folder.paths.at(-1)}\`);
await view.gallery(folder, { pictures: "world/JPEGImages", title: "The world" })`;

export function picturesNotebook(): object {
  return notebook([SETUP_CELL, ATTENTION_CELL, GALLERY_CELL].map((source) => ({ source })));
}
