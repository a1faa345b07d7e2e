/** Settings and methods of the study of several teachers. */

/** Tasks with the channels of their heads: 14 categories and 38 types of parts beside the background. */
export const TASKS = { semseg: 15, parts: 39, saliency: 2, normals: 3, boundary: 1 };
/** Factors of the losses: the released ones, and five times those of classes, which fall slowest. */
export const WEIGHTS = { semseg: 5, parts: 10, saliency: 5, normals: 10, boundary: 50 };

/** Cells on a side of a task's labels in training; scores are of every pixel. */
export const sideOf = (task) => (task === "boundary" ? 64 : 32);

export const FULL = {
  teachers: ["dino-hybrid", "siglip-hybrid", "masks-hybrid"],
  start: "category-hybrid",
  levels: ["stem", 0, 1, 2],
  pictures: { distill: 2400, train: 800, test: 200 },
  /** Most objects of a picture: fewer ones are larger, which opens the range above the size of a token. */
  objects: 3,
  headWidth: 48,
  /** Most updates see the pictures at half their size, which costs a quarter. */
  distillation: { small: 600, whole: 150, batch: 16, rate: 1e-3 },
  learning: { steps: 160, batch: 8, rate: 2e-4, headRate: 1e-3 },
  norm: "standardize",
  seeds: 3,
};
export const SHORT = {
  ...FULL,
  pictures: { distill: 8, train: 12, test: 6 },
  headWidth: 16,
  distillation: { ...FULL.distillation, small: 1, whole: 1, batch: 4 },
  learning: { ...FULL.learning, steps: 2, batch: 4 },
  seeds: 1,
};

/** Name of a teacher's path. */
export const pathOf = (teacher) => teacher.replace("-hybrid", "");

const single = Object.keys(TASKS).map((task) => ({ name: `single task: ${task}`, student: "many", tasks: [task] }));
const frozen = FULL.teachers.map((teacher) => ({ name: `frozen ${pathOf(teacher)}`, student: "frozen", teacher }));

/**
 * Students: `many` is one network that a linear layer for each teacher and level reads, `wide` the same at SAK's number of
 * parameters, `sak` the network with paths, `frozen` a teacher under heads. Those with a `norm` are distilled first.
 */
export const METHODS = [
  ...single,
  { name: "multi-task", student: "many" },
  { name: "many to one", student: "many", norm: FULL.norm },
  { name: "many to one, SAK's size", student: "wide", norm: FULL.norm },
  { name: "paths without router", student: "sak", router: "none", norm: FULL.norm },
  { name: "SAK", student: "sak", router: "mor", norm: FULL.norm },
  { name: "SAK, raw teachers", student: "sak", router: "mor", norm: "none" },
  ...frozen,
  { name: "multi-task, half of the labels", student: "many", labels: 0.5 },
  { name: "SAK, half of the labels", student: "sak", router: "mor", norm: FULL.norm, labels: 0.5 },
  { name: "multi-task, a quarter of the labels", student: "many", labels: 0.25 },
  { name: "SAK, a quarter of the labels", student: "sak", router: "mor", norm: FULL.norm, labels: 0.25 },
];

/** Every run; a seed is finished by all methods before the next one begins. */
export const placesOf = ({ seeds }) =>
  Array.from({ length: seeds }, (_, i) => METHODS.map(({ name }) => ({ method: name, seed: i + 1 }))).flat();
