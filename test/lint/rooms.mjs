/**
 * The ESLint rule `fovea/rooms`: an import leads to the same room or to a floor below. A room is a folder of `kernel/` or
 * `extension/src/`, or a file directly in one of them.
 */
import { dirname, join, relative, sep } from "node:path";
import { spreads } from "./spreads.mjs";

/** Rooms of the kernel, from the ground up; rooms of one floor do not know each other. */
export const KERNEL_FLOORS = [
  ["rules"],
  ["contracts"],
  ["numeric", "platform"],
  ["protocol"],
  ["display"],
  ["safetensors", "onnx", "hub", "data", "similarity"],
  ["inspect"],
  ["backend", "view", "widgets", "page"],
  ["nn"],
  ["train", "encoders"],
  ["features", "vce", "lora", "law"],
  ["models"],
  ["tasks"],
  ["sak", "grounding", "refine"],
  ["studies", "report", "publish", "overview"],
  ["jupyter"],
  ["session"],
  ["cli", "cli.ts", "index", "tf"],
  ["browser"],
  ["zoo"],
];

/** Rooms that hold the method of one paper each, and the rooms that may know one. Adapters are a library: any method may attach them. */
export const METHODS = ["vce", "law", "sak", "grounding", "refine"];
export const KNOW_METHODS = ["studies", "report", "cli", "index", "browser"];

/** Rooms of the extension, from the ground up. */
export const EXTENSION_FLOORS = [
  ["dom", "icons"],
  ["parts", "comms", "preferences"],
  ["panes", "plots"],
  ["export"],
  ["frame"],
  [
    "correspondence",
    "alignment",
    "atlas",
    "attention",
    "gallery",
    "grounding",
    "law",
    "refinement",
    "review",
    "training",
    "plotly",
    "status",
    "commands",
    "files",
    "overview",
  ],
  ["viewers", "page"],
  ["site", "vscode"],
  ["index"],
];

const HOUSES = [
  { folder: "kernel", floors: KERNEL_FLOORS, methods: METHODS, knowMethods: KNOW_METHODS },
  { folder: join("extension", "src"), floors: EXTENSION_FLOORS, methods: [], knowMethods: [] },
];

/** The house of a file and its room there, or null. */
function placeOf(file, root) {
  const path = relative(root, file);
  const house = HOUSES.find(({ folder }) => path.startsWith(folder + sep));
  if (!house) return null;
  const [first] = path.slice(house.folder.length + 1).split(sep);
  return { house, room: first.replace(/\.ts$/, "") };
}

/** Reason why an import is refused, or null. */
export function complaint(from, to, { floors, methods, knowMethods }) {
  if (from === to) return null;
  const [own, other] = [from, to].map((room) => floors.findIndex((rooms) => rooms.includes(room)));
  const unknown = own < 0 ? from : other < 0 ? to : null;
  if (unknown) return `${unknown} is no room of test/lint/rooms.mjs`;
  if (other >= own) return `${from} must not import ${to}: arrows lead down`;
  const isHidden = methods.includes(to) && !knowMethods.includes(from);
  return isHidden ? `${from} must not import the method ${to}: only ${knowMethods.join(", ")} may` : null;
}

const rooms = {
  meta: { type: "problem", schema: [] },
  create(context) {
    const place = placeOf(context.filename, context.cwd);
    if (!place) return {};
    const check = (source) => {
      if (typeof source?.value !== "string" || !source.value.startsWith(".")) return;
      const target = placeOf(join(dirname(context.filename), source.value), context.cwd);
      const room = target?.house === place.house ? target.room || "index" : null;
      const message = room && complaint(place.room, room, place.house);
      if (message) context.report({ node: source, message });
    };
    return {
      ImportDeclaration: ({ source }) => check(source),
      ExportNamedDeclaration: ({ source }) => check(source),
      ExportAllDeclaration: ({ source }) => check(source),
      ImportExpression: ({ source }) => check(source),
      TSImportType: ({ argument }) => check(argument?.literal ?? argument),
    };
  },
};

export default { rules: { rooms, spreads } };
