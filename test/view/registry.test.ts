/** A viewer is its folders, its style file and one line in each registry: no other file knows it. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, it } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
const REGISTRIES = ["kernel/protocol/index.ts", "kernel/view/index.ts", "extension/src/viewers/index.ts"];
const STYLES = "style/index.css";
/** Files outside the viewers that use the words of one, by viewer. */
const USERS: Record<string, string[]> = {
  image: ["kernel/cli/ground.ts"],
  law: ["kernel/cli/law/table.ts"],
  plotly: ["kernel/view/training/rates.ts"],
  training: ["kernel/train/runs/journal.ts", "kernel/train/runs/run-file.ts", "kernel/train/runs/runs.ts"],
};
/** Folders beside the viewers' that all of them use. */
const SHARED = {
  "kernel/protocol": ["core"],
  "kernel/view": ["draw", "reduce"],
};

/** Source files below a folder, by path from the root. */
function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder)).flatMap((name) => {
    const path = `${folder}/${name}`;
    if (["node_modules", "dist", "lib", "labextension"].includes(name)) return [];
    return statSync(join(ROOT, path)).isDirectory() ? filesBelow(path) : /\.(ts|css)$/.test(name) ? [path] : [];
  });
}

const files = [...filesBelow("kernel"), ...filesBelow("extension/src"), ...filesBelow("style")];
const texts = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), "utf8")]));

const viewers = [
  ...new Set(
    Object.entries(SHARED).flatMap(([room, shared]) =>
      readdirSync(join(ROOT, room), { withFileTypes: true })
        .filter((entry) => entry.isDirectory() && !shared.includes(entry.name))
        .map(({ name }) => name),
    ),
  ),
];

const foldersOf = (viewer: string): string[] =>
  [`kernel/protocol/${viewer}`, `kernel/view/${viewer}`, `extension/src/${viewer}`].filter((folder) =>
    existsSync(join(ROOT, folder)),
  );

/** Names that a viewer's protocol declares: they reach the browser as names of `fovea/protocol`. */
function declaredBy(viewer: string): Set<string> {
  const own = files.filter((file) => file.startsWith(`kernel/protocol/${viewer}/`));
  const declared = /^export (?:declare )?(?:abstract )?(?:interface|type|const|function|class) (\w+)/gm;
  return new Set(own.flatMap((file) => [...(texts.get(file) ?? "").matchAll(declared)].map(([, name]) => name)));
}

function imports(file: string, folders: string[], names: Set<string>): boolean {
  const text = texts.get(file) ?? "";
  const paths = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, path]) =>
    normalize(join(dirname(file), path)),
  );
  const shared = [...text.matchAll(/\{([^}]*)\} from "fovea\/protocol"/g)].flatMap(
    ([, list]) => list.match(/\w+/g) ?? [],
  );
  return (
    paths.some((path) => folders.some((folder) => path === folder || path.startsWith(`${folder}/`))) ||
    shared.some((name) => names.has(name))
  );
}

function styles(file: string, viewer: string): boolean {
  const name = `${viewer[0].toUpperCase()}${viewer.slice(1)}`;
  const text = texts.get(file) ?? "";
  return new RegExp(`jp-Fovea${name}\\b`).test(text) || text.includes(`"./${viewer}.css"`);
}

function mentionsOf(viewer: string): string[] {
  const folders = foldersOf(viewer);
  const names = declaredBy(viewer);
  const own = (file: string): boolean =>
    file === `style/${viewer}.css` || folders.some((folder) => file.startsWith(`${folder}/`));
  return files.filter((file) => !own(file) && (imports(file, folders, names) || styles(file, viewer))).sort();
}

function registriesOf(viewer: string): string[] {
  const rooms = ["kernel/protocol", "kernel/view", "extension/src"];
  const lines = REGISTRIES.filter((_, i) => existsSync(join(ROOT, rooms[i], viewer)));
  const style = existsSync(join(ROOT, `style/${viewer}.css`)) ? [STYLES] : [];
  return [...lines, ...style, ...(USERS[viewer] ?? [])].sort();
}

describe("the files that mention a viewer", () => {
  it("are looked for in every viewer there is", () => {
    const expected = [
      "alignment",
      "atlas",
      "attention",
      "correspondence",
      "gallery",
      "grounding",
      "image",
      "law",
      "pca",
      "plotly",
      "refinement",
      "review",
      "table",
      "training",
    ];
    assert.deepEqual([...viewers].sort(), expected);
  });

  for (const viewer of viewers)
    it(`are the registries for ${viewer}, and no other`, () =>
      assert.deepEqual(mentionsOf(viewer), registriesOf(viewer)));
});

describe("a viewer", () => {
  it("knows nothing of JupyterLab: a page without it can show the viewer", () => {
    for (const viewer of viewers.filter((name) => existsSync(join(ROOT, `extension/src/${name}/viewer.ts`))))
      assert.deepEqual(
        reached(`extension/src/${viewer}/viewer.ts`).filter((name) => name.startsWith("@jupyterlab/")),
        [],
      );
  });
});

/** Packages that a file imports, itself or through files of ours; types too. */
function reached(start: string): string[] {
  const seen = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, path] of (texts.get(file) ?? "").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
      if (!path.startsWith(".")) packages.add(path);
      else for (const end of [".ts", "/index.ts"]) visit(normalize(join(dirname(file), path)) + end);
    }
  };
  visit(start);
  assert.ok(seen.size > 10, "files are followed");
  return [...packages];
}
