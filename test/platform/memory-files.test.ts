/** Files in memory beside Node's on a disk: the same calls give the same values and the same codes. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { filesOf, MemoryFiles } from "../../kernel/platform/browser/files.ts";
import { paths } from "../../kernel/platform/browser/paths.ts";
import { posixPaths } from "../../kernel/platform/node/files.ts";
import { platform } from "../../kernel/platform/index.ts";
import type { Files } from "../../kernel/platform/types.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-memory-"));
const memory = new MemoryFiles();
memory.makeFolder(folder);
const machines: Files[] = [platform().files, filesOf(memory)];

type Call = (files: Files, at: (name: string) => string) => unknown;

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Steps of one story, each with what it gives. */
const STORY: Record<string, Call> = {
  "a folder that is there": (files, at) => files.mkdir(at("."), { recursive: true }),
  "folders above folders": async (files, at) => (await files.mkdir(at("a/b/c"), { recursive: true }))?.slice(-2),
  "a file": (files, at) => files.writeFile(at("a/x.txt"), "héllo"),
  "its text": (files, at) => files.readFile(at("a/x.txt"), "utf8"),
  "its bytes": async (files, at) => [...(await files.readFile(at("a/x.txt")))],
  "its size": (files, at) => files.statSync(at("a/x.txt")).size,
  "more of it": (files, at) => files.appendFile(at("a/x.txt"), bytes(" there")),
  "all of it": (files, at) => files.readFileSync(at("a/x.txt"), "utf8"),
  "a new file by appending": (files, at) => files.appendFile(at("a/new.txt"), "n"),
  "a file that must be new": (files, at) => files.writeFile(at("a/x.txt"), "", { flag: "wx" }),
  "a file in no folder": (files, at) => files.writeFile(at("none/x.txt"), ""),
  "a file in a file": (files, at) => files.writeFile(at("a/x.txt/y"), ""),
  "what is not there": (files, at) => files.readFile(at("none")),
  "a folder as a file": (files, at) => files.readFile(at("a")),
  "a file as a folder": (files, at) => files.readdir(at("a/x.txt")),
  names: (files, at) => files.readdir(at("a")),
  "names below": async (files, at) => (await files.readdir(at("."), { recursive: true })).sort(),
  kinds: async (files, at) =>
    (await files.readdir(at("a"), { withFileTypes: true })).map((entry) => [entry.name, entry.isDirectory()]).sort(),
  "a copy": (files, at) => files.copyFile(at("a/x.txt"), at("a/y.txt")),
  "a copy that is its own": async (files, at) => {
    await files.writeFile(at("a/y.txt"), "other");
    return files.readFile(at("a/x.txt"), "utf8");
  },
  "another place": (files, at) => files.rename(at("a/y.txt"), at("a/b/z.txt")),
  "in place of another": async (files, at) => {
    await files.rename(at("a/b/z.txt"), at("a/x.txt"));
    return files.readFile(at("a/x.txt"), "utf8");
  },
  "a move of nothing": (files, at) => files.rename(at("none"), at("a/q")),
  "a folder onto a full one": async (files, at) => {
    await files.mkdir(at("full/inside"), { recursive: true });
    await files.rename(at("a"), at("full"));
  },
  "a cut": async (files, at) => {
    await files.truncate(at("a/x.txt"), 3);
    await files.truncate(at("a/x.txt"), 5);
    return [...(await files.readFile(at("a/x.txt")))];
  },
  "a handle": async (files, at) => {
    const handle = await files.open(at("a/h.bin"), "w");
    await handle.writeFile(bytes("abc"));
    await handle.writeFile(bytes("def"));
    await handle.write(bytes("XYZ"), 1, 2, 4);
    await handle.truncate(5);
    const { size } = await handle.stat();
    await handle.close();
    return [size, await files.readFile(at("a/h.bin"), "utf8")];
  },
  "part of a file": (files, at) => {
    const handle = files.openSync(at("a/h.bin"), "r");
    const into = new Uint8Array(4);
    const count = files.readSync(handle, into, 1, 3, 3);
    const { size } = files.fstatSync(handle);
    files.closeSync(handle);
    return [count, size, [...into]];
  },
  pieces: async (files, at) => {
    const found: number[] = [];
    for await (const piece of files.chunks(at("a/h.bin"))) found.push(...piece);
    return found;
  },
  "a link": async (files, at) => {
    await files.symlink("h.bin", at("a/link"));
    return [await files.readFile(at("a/link"), "utf8"), files.realpathSync(at("a/link")).slice(-5)];
  },
  "a link to itself": async (files, at) => {
    await files.symlink("round", at("a/round"));
    return files.readFile(at("a/round"));
  },
  "a link to nothing": async (files, at) => {
    await files.symlink("nothing", at("a/loose"));
    return [files.existsSync(at("a/loose")), files.statSync(at("a/loose"), { throwIfNoEntry: false }) === undefined];
  },
  "a full folder": (files, at) => files.rmdir(at("a")),
  "a file away": (files, at) => files.rm(at("a/h.bin")),
  "a file away twice": (files, at) => files.rm(at("a/h.bin")),
  "nothing away, by force": (files, at) => files.rm(at("a/h.bin"), { force: true }),
  "all away": async (files, at) => {
    await files.rm(at("a"), { recursive: true });
    return files.existsSync(at("a/x.txt"));
  },
  access: (files, at) => files.access(at("a")),
};

async function outcome(call: () => unknown): Promise<unknown> {
  try {
    return (await call()) ?? null;
  } catch (error) {
    return `code ${(error as { code?: string }).code}`;
  }
}

describe("files in memory", () => {
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [name, call] of Object.entries(STORY))
    it(`answer as those of a disk: ${name}`, async () => {
      const [expected, found] = [
        await outcome(() => call(machines[0], (path) => join(folder, path))),
        await outcome(() => call(machines[1], (path) => join(folder, path))),
      ];
      assert.deepEqual(found, expected);
    });

  it("are read by a mount when they are first opened, and hold what was given", () => {
    let reads = 0;
    const mounted = new MemoryFiles();
    mounted.mount("/zoo/model.onnx", 3, () => {
      reads++;
      return Uint8Array.of(1, 2, 3);
    });
    const files = filesOf(mounted);
    assert.equal(files.statSync("/zoo/model.onnx").size, 3);
    assert.equal(reads, 0);
    assert.deepEqual([...files.readFileSync("/zoo/model.onnx")], [1, 2, 3]);
    files.readFileSync("/zoo/model.onnx")[0] = 9;
    assert.deepEqual([...files.readFileSync("/zoo/model.onnx")], [1, 2, 3]);
    assert.equal(reads, 1);
  });

  it("refuse what has no room, keep what was there, and have room again after a removal", async () => {
    const small = new MemoryFiles(10);
    const files = filesOf(small);
    await files.writeFile("/a", new Uint8Array(8));
    await assert.rejects(files.writeFile("/b", new Uint8Array(3)), { code: "ENOSPC" });
    assert.equal(files.statSync("/a").size, 8);
    await files.rm("/a");
    await files.writeFile("/c", new Uint8Array(10));
    await files.truncate("/c", 1);
    await files.writeFile("/d", new Uint8Array(9));
  });
});

describe("paths in memory", () => {
  const PATHS = ["/a/b/../c", "a/./b", "../x", "/../x", "/", "", ".", "a//b/", "/a/b/c.txt", "..", "a/../.."];
  for (const path of PATHS)
    it(`are as those of Node: "${path}"`, () => {
      assert.equal(paths.basename(path), posixPaths.basename(path));
      assert.equal(paths.dirname(path), posixPaths.dirname(path));
      assert.equal(paths.join(path, "k"), posixPaths.join(path, "k"));
      assert.equal(paths.join("/r", path), posixPaths.join("/r", path).replace(/(?<=.)\/$/, ""));
      assert.equal(paths.resolve("/r/s", path), posixPaths.resolve("/r/s", path));
      assert.equal(paths.relative("/r/s", `/r/${path}`), posixPaths.relative("/r/s", `/r/${path}`));
    });

  it("know suffixes, folders of cells and file URLs", () => {
    assert.equal(paths.basename("/a/b.ts", ".ts"), "b");
    assert.equal(paths.basename(".ts", ".ts"), ".ts");
    assert.equal(paths.resolve("x"), "/work/x");
    assert.equal(paths.fromUrl(paths.toUrl("/a b/ü.png")), "/a b/ü.png");
  });
});
