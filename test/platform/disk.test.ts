/** Writing where nothing can be written: the error says so, names the path, and keeps the system's code. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, describe, it } from "node:test";
import { RuleError, data, models } from "../../kernel/index.ts";
import * as files from "../../kernel/platform/files.ts";
import { FileError } from "../../kernel/platform/file-error.ts";
import { installPlatform, platform } from "../../kernel/platform/index.ts";
import type { FileHandle, Files } from "../../kernel/platform/types.ts";
import { writeSafetensors } from "../../kernel/safetensors/safetensors.ts";

const folder = mkdtempSync(join(tmpdir(), "fovea-disk-"));
const inTheWay = join(folder, "a-file");
writeFileSync(inTheWay, "");
const node = platform();

/** Node's machine, on which every change of the disk fails with a code. */
function failWith(code: string): void {
  const fail = (): Promise<never> => Promise.reject(Object.assign(new Error(code), { code }));
  const failAtOnce = (): never => {
    throw Object.assign(new Error(code), { code });
  };
  const handle = { write: fail, writeFile: fail, truncate: fail, sync: fail, close: () => Promise.resolve() };
  const own: Partial<Files> = {
    appendFile: fail,
    copyFile: fail,
    mkdir: fail,
    open: () => Promise.resolve(handle as unknown as FileHandle),
    rename: fail,
    rm: fail,
    rmdir: fail,
    symlink: fail,
    truncate: fail,
    writeFile: fail,
    renameSync: failAtOnce,
    writeFileSync: failAtOnce,
  };
  installPlatform(Object.create(node, { files: { value: { ...node.files, ...own } } }) as typeof node);
}

const CHANGES: Record<string, () => unknown> = {
  appendFile: () => files.appendFile("/x", ""),
  copyFile: () => files.copyFile(inTheWay, "/x"),
  mkdir: () => files.mkdir("/x", { recursive: true }),
  "a handle's write": async () => (await files.open("/x", "w")).write(new Uint8Array(1), 0, 1, 0),
  "a handle's writeFile": async () => (await files.open("/x", "wx")).writeFile(new Uint8Array(1)),
  "a handle's truncate": async () => (await files.open("/x", "r+")).truncate(0),
  "a handle's sync": async () => (await files.open("/x", "w")).sync(),
  rename: () => files.rename(inTheWay, "/x"),
  rm: () => files.rm("/x"),
  rmdir: () => files.rmdir("/x"),
  symlink: () => files.symlink(inTheWay, "/x"),
  truncate: () => files.truncate("/x", 0),
  writeFile: () => files.writeFile("/x", ""),
  renameSync: () => files.renameSync(inTheWay, "/x"),
  writeFileSync: () => files.writeFileSync("/x", ""),
};

describe("a disk that cannot be written", () => {
  afterEach(() => void installPlatform(node));
  after(() => rmSync(folder, { recursive: true }));

  for (const [name, change] of Object.entries(CHANGES))
    it(`fails by name: ${name}`, async () => {
      for (const [code, rule, isFull] of [
        ["EROFS", /the place must be one that can be written \(EROFS\), received "\/x"/, false],
        ["ENOSPC", /the disk must have room for what is written \(ENOSPC\), received "\/x"/, true],
      ] as const) {
        failWith(code);
        const error: unknown = await (async () => change())().catch((thrown: unknown) => thrown);
        assert.ok(error instanceof FileError && error instanceof RuleError, String(error));
        assert.match(error.message, rule);
        assert.deepEqual([error.code, error.isFull, error.path], [code, isFull, "/x"]);
      }
    });

  it("leaves other failures as they are, since callers look at their codes", async () => {
    for (const code of ["ENOENT", "EXDEV", "ENOTEMPTY"]) {
      failWith(code);
      await assert.rejects(files.rename(inTheWay, "/x"), (error) => !(error instanceof FileError));
    }
  });

  it("names the place of a file that is made beside it, and says where its folder is missing", async () => {
    const lost = join(folder, "none", "x.json");
    const missing = {
      name: "FileError",
      code: "ENOENT",
      path: lost,
      message: /the folder of the file must exist \(ENOENT\), received ".*x\.json"$/,
    };
    await assert.rejects(
      files.replaceFile(lost, (beside) => files.writeFile(beside, "")),
      missing,
    );
    assert.throws(() => files.replaceFileSync(lost, ""), missing);
    failWith("EROFS");
    const closed = { name: "FileError", code: "EROFS", path: "/x" };
    await assert.rejects(
      files.replaceFile("/x", (beside) => files.writeFile(beside, "")),
      closed,
    );
  });

  it("says which folder is closed where Node says that one is missing, as on a read-only mount", async () => {
    failWith("ENOENT");
    await assert.rejects(files.mkdir(join(folder, "a", "b"), { recursive: true }), {
      code: "EROFS",
      path: folder,
    });
  });

  it("makes folders above folders, says which was the first, and ends where none can be made", async () => {
    const made = join(folder, "p", "q", "r");
    assert.equal(await files.mkdir(made, { recursive: true }), join(folder, "p"));
    assert.equal(await files.mkdir(made, { recursive: true }), undefined);
    assert.equal(await files.mkdir(join(folder, "p", "s"), { recursive: true }), join(folder, "p", "s"));
    if (process.platform === "linux")
      await assert.rejects(files.mkdir("/proc/x/y", { recursive: true }), { code: "EROFS", path: "/proc" });
  });

  it("is met by every writer: a file where a folder should be", async () => {
    const writers: [name: string, write: () => Promise<unknown>, rule: RegExp][] = [
      ["a file of tensors", () => writeSafetensors(join(inTheWay, "m.safetensors"), new Map()), /ENOTDIR/],
      [
        "a data set",
        () => data.world.write(join(inTheWay, "w"), { layout: "coco", count: 1 }),
        /world\.write.*ENOTDIR/,
      ],
      ["pairs", () => data.world.writeSpair(join(inTheWay, "s"), { pairs: 1 }), /ENOTDIR/],
      ["a model", () => models.saveVit(tinyVit(), join(inTheWay, "v.safetensors")), /ENOTDIR/],
    ];
    for (const [name, write, rule] of writers)
      await assert.rejects(write(), (error) => error instanceof RuleError && rule.test(error.message), name);
  });
});

const tinyVit = (): models.VisionTransformer =>
  new models.VisionTransformer({ imgSize: 8, patchSize: 4, embedDim: 8, depth: 1, numHeads: 1 });
