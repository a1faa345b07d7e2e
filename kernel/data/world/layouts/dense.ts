import { denseMaps } from "../scenes/maps";
import { jpegOf, pngOf, layoutOf } from "./picture";

interface DenseRecord {
  readonly name: string;
}

/**
 * Layout of the multi-task version of NYUv2: one folder per task, one file of the same name per image, and lists of the
 * splits (`images`, `segmentation`, `edge`, `normals`, `gt_sets`), with the maps of parts, instances and saliency in
 * addition.
 * Maps are PNG files: ids in `segmentation`, `parts` and `instances`; 0 and 255 in `edge` and `saliency`; in `normals`
 * the component c of a unit vector is round(127.5 (c + 1)), x right, y down, z towards the viewer.
 */
export const dense = layoutOf<DenseRecord>({
  files: async (picture) => {
    const { image, scene, name } = picture;
    const maps = denseMaps(scene, image);
    const instances = image.instances.map((id) => (id > scene.objects.length ? 0 : id));
    const normals = Uint8Array.from(maps.normals, (c) => Math.round(127.5 * (c + 1)));
    return [
      [`images/${name}.jpg`, await jpegOf(picture)],
      [`segmentation/${name}.png`, await pngOf(picture, maps.categories)],
      [`parts/${name}.png`, await pngOf(picture, image.parts)],
      [`instances/${name}.png`, await pngOf(picture, instances)],
      [`edge/${name}.png`, await pngOf(picture, maps.boundaries)],
      [`saliency/${name}.png`, await pngOf(picture, maps.saliency)],
      [`normals/${name}.png`, await pngOf(picture, normals, 3)],
    ];
  },
  record: ({ name }) => ({ name }),
  documents: (records, spec) => [[`gt_sets/${spec.split}.txt`, records.map(({ name }) => `${name}\n`).join("")]],
});
