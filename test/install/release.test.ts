/** A release: one version everywhere, an npm package that publishes, and wheels of every platform with what they need. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { bin } from "../../binder/setup.mjs";

const root = resolve(import.meta.dirname, "..", "..");
const MINUTES = 60_000;
const text = (name: string): string => readFileSync(join(root, name), "utf8");
const version = (JSON.parse(text("package.json")) as { version: string }).version;

/** Programs of each platform, by the package that they belong to. The first wheel is installed and run by `wheel.test.ts`. */
const WHEELS = {
  "linux-arm64": {
    tag: "manylinux_2_28_aarch64",
    programs: ["sharp-linux-arm64", "sharp-libvips-linux-arm64", "resvg-js-linux-arm64-gnu"],
    place: "linux/arm64",
  },
  "darwin-arm64": {
    tag: "macosx_14_0_arm64",
    programs: ["sharp-darwin-arm64", "sharp-libvips-darwin-arm64", "resvg-js-darwin-arm64"],
    place: "darwin/arm64",
  },
  "win32-x64": {
    tag: "win_amd64",
    programs: ["sharp-win32-x64", "resvg-js-win32-x64-msvc"],
    place: "win32/x64",
  },
} as const;

/** First bytes of programs: of Linux, of macOS, of Windows. */
const MAGIC = { linux: "7f454c46", darwin: "cffaedfe", win32: "4d5a" };
/** Machine of a program by platform: offset and bytes of ELF, Mach-O, or of the header that PE points to. */
const MACHINE = { "linux-arm64": "b700", "darwin-arm64": "0c000001", "win32-x64": "6486" };

/** Names in a wheel, and the bytes of some of them, in one run of Python. */
const READ = `
import base64, json, sys, zipfile
wheel = zipfile.ZipFile(sys.argv[1])
names = wheel.namelist()
programs = [n for n in names if n.endswith((".node", ".dll", ".dylib")) or ".so" in n.rsplit("/", 1)[-1]]
heads = {n: base64.b64encode(wheel.open(n).read(4096)).decode() for n in programs}
notes = [n for n in names if n.endswith("THIRD-PARTY-LICENSES.txt")]
meta = [n for n in names if n.endswith(".dist-info/METADATA")]
print(json.dumps({"names": names, "heads": heads, "notes": wheel.read(notes[0]).decode(), "meta": wheel.read(meta[0]).decode()}))
`;

interface Wheel {
  names: string[];
  /** First 4096 bytes of every program, in base64. */
  heads: Record<string, string>;
  notes: string;
  meta: string;
}

const read = (path: string): Wheel =>
  JSON.parse(execFileSync(bin("python"), ["-c", READ, path], { encoding: "utf8", maxBuffer: 1 << 28 })) as Wheel;

function machineOf(head: Buffer, platform: string): string {
  if (platform === "linux") return head.toString("hex", 18, 20);
  if (platform === "darwin") return head.toString("hex", 4, 8);
  const at = head.readUInt32LE(60);
  return head.toString("hex", at + 4, at + 6);
}

describe("the version", () => {
  it("is one in every file that names it", () => {
    const kernel = JSON.parse(text("kernel/package.json")) as { version: string };
    const own = JSON.parse(text("package.json")) as { devDependencies: Record<string, string> };
    const lock = JSON.parse(text("package-lock.json")) as {
      version: string;
      packages: Record<string, { version: string }>;
    };
    const cited = /^version: (.*)$/m.exec(text("CITATION.cff"))?.[1];
    const changed = /^## (\S+)/m.exec(text("CHANGELOG.md"))?.[1];
    const locked = [lock.version, lock.packages[""].version, lock.packages.kernel.version];
    const all = [kernel.version, own.devDependencies.fovea, cited, changed, ...locked];
    assert.deepEqual([...new Set(all)], [version]);
  });

  it("is cited with the five papers", () => {
    const papers = ["2408.16357", "2411.12787", "2410.14633", "2409.17531", "2507.01643"];
    for (const paper of papers) assert.ok(text("CITATION.cff").includes(`arXiv:${paper}`), paper);
  });
});

describe("npm publish --dry-run", { timeout: 10 * MINUTES }, () => {
  let files: string[];

  before(() => {
    if (!existsSync(join(root, "kernel", "dist-browser", "index.js")))
      execFileSync(process.execPath, [join(root, "binder", "browser.mjs")], { cwd: root });
    const options = { cwd: join(root, "kernel"), encoding: "utf8", shell: process.platform === "win32" } as const;
    // Nothing is published before a person says so; a name that is taken is found by the registry, and no part of this test.
    const tried = spawnSync("npm", ["publish", "--dry-run", "--json", "--tag", "test"], options);
    assert.equal(tried.status, 0, tried.stderr);
    const told = JSON.parse(tried.stdout) as Record<string, unknown>;
    const packed = (told.files ? told : told.fovea) as { name: string; version: string; files: { path: string }[] };
    assert.deepEqual([packed.name, packed.version], ["fovea", version]);
    files = packed.files.map(({ path }) => path);
  });

  it("takes every file that the package points to", () => {
    const { exports, main, types, bin: programs } = JSON.parse(text("kernel/package.json")) as Record<string, unknown>;
    const pointed = JSON.stringify([exports, main, types, programs]).match(/(?:\.\/)?dist[\w-]*\/[^"]+/g) ?? [];
    assert.ok(pointed.length > 8);
    const missing = pointed.map((path) => path.replace(/^\.\//, "")).filter((path) => !files.includes(path));
    assert.deepEqual(missing, []);
    for (const path of ["README.md", "LICENSE", "zoo/parts-hybrid/model.onnx", "dist-browser/index.js"])
      assert.ok(files.includes(path), path);
  });

  it("takes no source, test or script of a training", () => {
    const odd = files.filter(
      (path) =>
        /(?<!\.d)\.ts$|\.test\.|^zoo\/train\/|\.tsbuildinfo$|\.py$/.test(path) && !path.startsWith("dist-browser/"),
    );
    assert.deepEqual(odd, []);
  });
});

describe("the wheels of other platforms", { timeout: 30 * MINUTES }, () => {
  let folder: string;
  const wheels = new Map<string, { path: string; wheel: Wheel }>();

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "fovea-release-"));
    const names = Object.keys(WHEELS);
    const args = ["binder/package.mjs", folder, ...names.flatMap((name) => ["--platform", name])];
    const made = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    assert.equal(made.status, 0, made.stderr);
    for (const [name, { tag }] of Object.entries(WHEELS)) {
      const path = join(folder, `jupyterlab_fovea-${version}-py3-none-${tag}.whl`);
      wheels.set(name, { path, wheel: read(path) });
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, { programs, place }] of Object.entries(WHEELS)) {
    const platform = name.split("-")[0] as keyof typeof MAGIC;
    const of = (): Wheel => wheels.get(name)?.wheel ?? assert.fail(name);

    it(`${name}: has the programs of its platform, and of no other`, () => {
      const { heads } = of();
      const paths = Object.keys(heads);
      for (const part of [
        `onnxruntime-node/bin/napi-v6/${place}/`,
        `zeromq/build/${place}/`,
        ...programs.map((one) => `${one}/`),
      ])
        assert.ok(
          paths.some((path) => path.includes(part)),
          part,
        );
      for (const [path, code] of Object.entries(heads)) {
        const head = Buffer.from(code, "base64");
        assert.ok(head.toString("hex").startsWith(MAGIC[platform]), path);
        assert.equal(machineOf(head, platform), MACHINE[name as keyof typeof MACHINE], path);
      }
    });

    it(`${name}: has kernel, viewers and licenses`, () => {
      const { names, notes, meta } = of();
      for (const path of [
        "kernels/fovea/kernel.json",
        "labextensions/jupyterlab-fovea/package.json",
        "third-party-licenses.json",
        "node_modules/fovea/dist/index.js",
      ])
        assert.ok(
          names.some((one) => one.endsWith(path)),
          path,
        );
      for (const carried of ["onnxruntime-node", "sharp", "zeromq", "typescript", "@tensorflow/tfjs-core"])
        assert.match(notes, new RegExp(`^${carried} \\d`, "m"));
      const folders = names.flatMap(
        (one) => /node_modules\/((?:@[^/]+\/)?[^/@]+)\/package\.json$/.exec(one)?.[1] ?? [],
      );
      const unnamed = [...new Set(folders)].filter((one) => one !== "fovea" && !notes.includes(`\n${one} `));
      assert.deepEqual(unnamed, []);
      for (const line of ["Framework :: Jupyter :: JupyterLab :: Extensions :: Prebuilt", `Version: ${version}`])
        assert.ok(meta.includes(line), line);
    });
  }

  it("pass twine check", (test) => {
    const python = twine(folder);
    if (!python) return test.skip("twine cannot be installed here");
    const paths = [...wheels.values()].map(({ path }) => path);
    const checked = spawnSync(python, ["-m", "twine", "check", "--strict", ...paths], { encoding: "utf8" });
    assert.equal(checked.status, 0, checked.stdout + checked.stderr);
    assert.equal(checked.stdout.match(/PASSED/g)?.length, paths.length, checked.stdout);
  });
});

/** A Python with twine; undefined where it cannot be had. */
function twine(folder: string): string | undefined {
  const python = join(folder, "twine", "bin", "python");
  const steps = [
    [process.env.FOVEA_PYTHON ?? "python3", "-m", "venv", join(folder, "twine")],
    [python, "-m", "pip", "install", "--quiet", "twine==6.2.0"],
  ];
  return steps.every(([command, ...args]) => spawnSync(command, args).status === 0) ? python : undefined;
}
