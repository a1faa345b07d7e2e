/**
 * Builds Fovea for a page into `kernel/dist-browser`: the worker with its chunks, the client, onnxruntime-web and tfjs with their
 * binaries, the declarations for the compiler, the zoo, and a manifest of it all. Everything comes from npm packages in place; a page
 * fetches it from its own host. `node binder/browser.mjs` after `npm run build:kernel`, whose declarations it packs.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const KERNEL = join(ROOT, "kernel");
const OUT = join(KERNEL, "dist-browser");
const load = createRequire(import.meta.url);

/** Modules that need Node, and the ones that replace them in a page. */
const TWINS = new Map(
  ["platform", "backend", "session"].map((room) => [
    join(KERNEL, room, "node", "index.ts"),
    join(KERNEL, room, "browser", "index.ts"),
  ]),
);

const twins = {
  name: "twins",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]node[\\/]index\.ts$/ }, ({ path }) => {
      const twin = TWINS.get(path);
      return twin && { contents: `export * from ${JSON.stringify(twin)};`, loader: "ts", resolveDir: dirname(twin) };
    });
  },
};

const SHARED = {
  bundle: true,
  platform: "browser",
  target: "es2022",
  minify: true,
  legalComments: "external",
  logLevel: "error",
  // The root package names its style sheets as all that has side effects.
  ignoreAnnotations: true,
  alias: { "csv-parse/sync": "csv-parse/browser/esm/sync" },
  plugins: [twins],
};

const entry = (...path) => join(KERNEL, ...path);

async function buildScripts(out) {
  await build({
    ...SHARED,
    entryPoints: { worker: entry("browser", "worker.ts"), index: entry("browser", "index.ts") },
    format: "esm",
    splitting: true,
    outdir: out,
    chunkNames: "chunk-[hash]",
  });
  await build({
    ...SHARED,
    entryPoints: {
      client: entry("browser", "client.ts"),
      jupyter: entry("browser", "jupyter.ts"),
      inference: entry("backend", "browser", "inference.ts"),
      "onnxruntime-webgpu": entry("backend", "browser", "webgpu.ts"),
    },
    format: "esm",
    outdir: out,
  });
  await build({
    ...SHARED,
    entryPoints: { tfjs: entry("backend", "browser", "tfjs.ts") },
    format: "iife",
    globalName: "foveaTfjs",
    outdir: out,
    // Packages of tfjs say which of their files have side effects: its gradients and chained operations.
    ignoreAnnotations: false,
  });
}

const resolved = (specifier) => load.resolve(specifier);

/** Binaries by their names beside the scripts. */
function copyBinaries(out) {
  const tfjs = dirname(resolved("@tensorflow/tfjs-backend-wasm"));
  for (const name of ["tfjs-backend-wasm.wasm", "tfjs-backend-wasm-simd.wasm"])
    copyFileSync(join(tfjs, name), join(out, name));
  const runtime = dirname(resolved("onnxruntime-web"));
  copyFileSync(join(runtime, "ort-wasm-simd-threaded.wasm"), join(out, "onnxruntime.wasm"));
  copyFileSync(join(runtime, "ort-wasm-simd-threaded.asyncify.wasm"), join(out, "onnxruntime-webgpu.wasm"));
  for (const name of ["logo-32x32.png", "logo-64x64.png"])
    copyFileSync(join(KERNEL, "jupyter", "kernelspec", name), join(out, name));
  copyFileSync(resolved("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"), join(out, "mozjpeg_dec.wasm"));
}

/** Declarations that the library's entries lead to, and those of packages, by the places where the compiler looks for them. */
function libraryTypes() {
  const [library, packages] = [new Map(), new Map()];
  const visit = (file) => {
    const isLibrary = file.startsWith(join(KERNEL, "dist"));
    const found = isLibrary ? library : packages;
    const place = isLibrary
      ? placeIn("/fovea", KERNEL, file)
      : placeIn("/fovea/node_modules", join(ROOT, "node_modules"), file);
    if (found.has(place)) return;
    const text = readFileSync(file, "utf8");
    found.set(place, text);
    for (const specifier of specifiersOf(text)) {
      const target = specifier.startsWith(".")
        ? declarationOf(resolve(dirname(file), specifier))
        : packageTypes(specifier, packages);
      if (target) visit(target);
    }
  };
  for (const name of ["index", join("protocol", "index"), "tf"]) visit(join(KERNEL, "dist", `${name}.d.ts`));
  library.set("/fovea/package.json", readFileSync(join(KERNEL, "package.json"), "utf8"));
  return { library, packages };
}

const placeIn = (place, folder, file) => `${place}/${relative(folder, file).split(sep).join("/")}`;

const specifiersOf = (text) =>
  [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*)["']([^"']+)["']/gm)].map(([, name]) => name);

const declarationOf = (path) =>
  [`${path}.d.ts`, path.replace(/\.js$/, ".d.ts"), join(path, "index.d.ts")].find(
    (file) => file.endsWith(".d.ts") && existsSync(file),
  );

/** Only tfjs appears in signatures; other packages are inside of the library. */
function packageTypes(specifier, packages) {
  const name = /^@tensorflow\/[\w-]+/.exec(specifier)?.[0];
  if (!name) return undefined;
  const folder = join(ROOT, "node_modules", name);
  const manifest = readFileSync(join(folder, "package.json"), "utf8");
  packages.set(`/fovea/node_modules/${name}/package.json`, manifest);
  const path = specifier.slice(name.length + 1);
  return path ? declarationOf(join(folder, path)) : join(folder, JSON.parse(manifest).types);
}

const LIBRARIES = ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts", "lib.webworker.d.ts"];

/** TypeScript's own declarations, with those that they refer to. */
function languageTypes() {
  const folder = dirname(resolved("typescript"));
  const found = new Map();
  const visit = (name) => {
    if (found.has(`/fovea/lib/${name}`)) return;
    const text = readFileSync(join(folder, name), "utf8");
    found.set(`/fovea/lib/${name}`, text);
    for (const [, reference] of text.matchAll(/<reference lib="([\w.]+)"/g)) visit(`lib.${reference}.d.ts`);
  };
  LIBRARIES.forEach(visit);
  return found;
}

const versionOf = (folder) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;

/** Files of the package that cells read: the zoo, and its cards. */
function packageFiles() {
  const zoo = join(KERNEL, "zoo");
  return readdirSync(zoo, { recursive: true })
    .filter((name) => /\.(onnx|json|safetensors)$/.test(name) && !/^train[\\/]/.test(name))
    .map((name) => `zoo/${name.split(sep).join("/")}`);
}

function writeJson(out, name, value) {
  const text = JSON.stringify(value);
  writeFileSync(join(out, name), text);
  return { name, size: Buffer.byteLength(text) };
}

function writeData(out) {
  const { library, packages } = libraryTypes();
  const types = writeJson(out, "types.json", Object.fromEntries([...languageTypes(), ...library]));
  const tfjs = writeJson(out, "types-tfjs.json", Object.fromEntries(packages));
  const files = packageFiles().map((path) => {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    copyFileSync(join(KERNEL, path), join(out, path));
    return { path, name: path, size: readFileSync(join(out, path)).length };
  });
  const versions = { fovea: versionOf(KERNEL), typescript: versionOf(join(ROOT, "node_modules", "typescript")) };
  writeJson(out, "manifest.json", { versions, types, tfjs: { ...tfjs, paths: [...packages.keys()] }, files });
}

/** Builds beside the place and moves the folder there. */
export async function buildBrowser(out = OUT) {
  if (!existsSync(join(KERNEL, "dist", "index.d.ts")))
    throw new Error("build:browser: kernel/dist must hold the declarations, received none: npm run build:kernel");
  const beside = `${out}.${process.pid}.part`;
  try {
    mkdirSync(beside, { recursive: true });
    await buildScripts(beside);
    copyBinaries(beside);
    writeData(beside);
    rmSync(out, { recursive: true, force: true });
    renameSync(beside, out);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
  return out;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  void buildBrowser().then((folder) => console.log(`built ${folder}`));
