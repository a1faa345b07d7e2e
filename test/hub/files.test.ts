import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import * as hub from "../../kernel/hub";
import { HubError, type HubSettings } from "../../kernel/hub";
import { LIMITS } from "../../kernel/hub/patience";
import { parseReference } from "../../kernel/hub/reference";
import { COMMIT, FakeHub, REPO } from "./server.ts";

const server = new FakeHub();
const other = new FakeHub();
const CONTENT = randomBytes(200_000);
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const main = { repo: REPO, revision: "main" };

let origin: string;
let otherOrigin: string;
let settings: HubSettings;
let folder: string;

before(async () => ([origin, otherOrigin] = await Promise.all([server.start(), other.start()])));
after(() => Promise.all([server.stop(), other.stop()]));
beforeEach(() => {
  server.reset();
  other.reset();
  const cache = mkdtempSync(join(tmpdir(), "fovea-hub-"));
  folder = join(cache, "models--owner--name");
  settings = { endpoint: origin, cache, token: null, offline: false };
});
afterEach(() => rmSync(settings.cache, { recursive: true, force: true }));

const fetchFile = (file: string, more: object = {}) => hub.fetchFile(main, file, { settings, ...more });

describe("a file of the hub", () => {
  it("lies in the cache as huggingface_hub lays it, and is not asked for again by commit", async () => {
    server.files.set("onnx/model.onnx", CONTENT);
    const steps: { file: string; done: number; total: number | null }[] = [];
    const path = await fetchFile("onnx/model.onnx", { onProgress: (step: never) => steps.push(step) });
    assert.equal(path, join(folder, "snapshots", COMMIT, "onnx", "model.onnx"));
    assert.deepEqual(readFileSync(path), CONTENT);
    assert.equal(readlinkSync(path), join("..", "..", "..", "blobs", sha256(CONTENT)));
    assert.equal(readFileSync(join(folder, "refs", "main"), "utf8"), COMMIT);
    assert.deepEqual(readdirSync(join(folder, "blobs")), [sha256(CONTENT)], "nothing is left beside");
    assert.deepEqual(steps.at(-1), { file: "onnx/model.onnx", done: CONTENT.length, total: CONTENT.length });
    server.seen.length = 0;
    assert.equal(await hub.fetchFile({ ...main, revision: COMMIT }, "onnx/model.onnx", { settings }), path);
    assert.equal(server.seen.length, 0);
    assert.equal(await fetchFile("onnx/model.onnx"), path);
    assert.deepEqual(
      server.seen.map(({ method }) => method),
      ["HEAD"],
      "a branch is asked where it is, its content stays",
    );
  });

  it("downloaded by another library is used without a connection", async () => {
    const snapshot = join(folder, "snapshots", COMMIT);
    for (const name of [snapshot, join(folder, "blobs"), join(folder, "refs")]) mkdirSync(name, { recursive: true });
    writeFileSync(join(folder, "blobs", "abc"), "content");
    symlinkSync("../../blobs/abc", join(snapshot, "config.json"));
    writeFileSync(join(folder, "refs", "main"), COMMIT);
    const offline = { ...settings, offline: true };
    assert.equal(await fetchFile("config.json", { settings: offline }), join(snapshot, "config.json"));
    await assert.rejects(
      fetchFile("model.onnx", { settings: offline }),
      /model.onnx must be in the cache .*, as this is offline \(HF_HUB_OFFLINE or .*received "owner\/name@main"/,
    );
    assert.equal(server.seen.length, 0);
  });

  it("small, is checked by git's hash", async () => {
    const text = Buffer.from("{}\n");
    server.files.set("config.json", text);
    // `printf '{}\n' | git hash-object --stdin`
    server.etag = "0967ef424bce6791893e9a57bb952f80fd536e93";
    assert.deepEqual(readFileSync(await fetchFile("config.json")), text);
  });

  it("goes on where the connection was cut", async () => {
    server.files.set("model.onnx", CONTENT);
    server.faults = [
      { kind: "cut", after: 70_000 },
      { kind: "truncate", after: 50_000 },
    ];
    assert.deepEqual(readFileSync(await fetchFile("model.onnx")), CONTENT);
    const starts = server.gets().map(({ range }) => Number(/\d+/.exec(range ?? "0")![0]));
    assert.equal(starts.length, 3);
    assert.ok(starts[0] === 0 && starts[1] > 0 && starts[2] === starts[1] + 50_000, String(starts));
  });

  it("stopped by its signal, goes on in the next call", async () => {
    server.files.set("model.onnx", CONTENT);
    server.faults = [{ kind: "cut", after: 70_000 }];
    const stop = new AbortController();
    const stopped = fetchFile("model.onnx", { signal: stop.signal, onProgress: () => stop.abort(new Error("enough")) });
    await assert.rejects(stopped, /enough/);
    assert.ok(existsSync(join(folder, "blobs", `${sha256(CONTENT)}.incomplete`)));
    assert.deepEqual(readFileSync(await fetchFile("model.onnx")), CONTENT);
    assert.match(server.gets().at(-1)!.range ?? "", /^bytes=[1-9]\d*-$/);
  });

  it("of a wrong checksum is refused and leaves nothing behind", async () => {
    server.files.set("model.onnx", CONTENT);
    server.etag = "f".repeat(64);
    await assert.rejects(fetchFile("model.onnx"), (error: HubError) => {
      assert.ok(error instanceof HubError);
      return /must have the checksum f{64}, received "[0-9a-f]{64}"/.test(error.message);
    });
    assert.deepEqual(readdirSync(join(folder, "blobs")), []);
    assert.ok(!existsSync(join(folder, "snapshots")));
  });

  it("resumed onto a part of something else is fetched anew", async () => {
    server.files.set("model.onnx", CONTENT);
    mkdirSync(join(folder, "blobs"), { recursive: true });
    writeFileSync(join(folder, "blobs", `${sha256(CONTENT)}.incomplete`), randomBytes(1000));
    assert.deepEqual(readFileSync(await fetchFile("model.onnx")), CONTENT);
  });

  it("that never ends, or is too large, is refused", async () => {
    server.files.set("model.onnx", CONTENT);
    await assert.rejects(
      fetchFile("model.onnx", { maxBytes: 1000 }),
      /model.onnx may have 1000 bytes at most, received 200000/,
    );
    server.headers = { "x-linked-size": "1000" };
    await assert.rejects(fetchFile("model.onnx"), /the file must end after 1000 bytes/);
  });

  it("that always breaks off at the same place is given up", async () => {
    server.files.set("model.onnx", CONTENT);
    server.faults = Array.from({ length: 8 }, () => ({ kind: "truncate" as const, after: 0 }));
    await assert.rejects(fetchFile("model.onnx"), /the hub must deliver 200000 bytes of .*, received 0/);
  });

  it("that comes a byte at a time is given up, and goes on with the next call", async () => {
    server.files.set("model.onnx", CONTENT);
    server.faults = Array.from({ length: 4 }, () => ({ kind: "drip" as const }));
    const before = { ...LIMITS };
    Object.assign(LIMITS, { slowMs: 80, leastBytes: 1000 });
    try {
      await assert.rejects(
        fetchFile("model.onnx"),
        /the hub must deliver the whole file.* bytes in 0.08 s, less than 1000/,
      );
      assert.equal(server.gets().length, 4, "as often as connections without any byte");
      server.faults = [{ kind: "drip" }];
      const listing = hub.listFiles(main, { settings });
      await assert.rejects(listing, /hub.listFiles: the hub must be reachable.* bytes in 0.08 s/);
    } finally {
      Object.assign(LIMITS, before);
    }
    assert.deepEqual(readFileSync(await fetchFile("model.onnx")), CONTENT);
    assert.match(server.gets().at(-1)!.range!, /^bytes=[1-9]/);
  });

  it("that comes fast and then a byte at a time is fetched on by another connection", async () => {
    server.files.set("model.onnx", CONTENT.subarray(0, 2300));
    server.faults = [{ kind: "drip", after: 2000 }];
    const before = { ...LIMITS };
    Object.assign(LIMITS, { slowMs: 80, leastBytes: 1000 });
    try {
      assert.deepEqual(readFileSync(await fetchFile("model.onnx")), CONTENT.subarray(0, 2300));
    } finally {
      Object.assign(LIMITS, before);
    }
    assert.equal(server.gets().length, 2);
    assert.match(server.gets()[1].range!, /^bytes=2\d\d\d-$/);
  });

  it("that the cache cannot take is refused by name", async () => {
    server.files.set("model.onnx", CONTENT);
    const file = join(settings.cache, "file");
    writeFileSync(file, "in the way");
    const refused = (cache: string, code: string) =>
      assert.rejects(fetchFile("model.onnx", { settings: { ...settings, cache } }), (error: Error) => {
        assert.ok(error instanceof HubError);
        assert.match(
          error.message,
          new RegExp(`the cache must be a folder that takes the file \\(${code}\\), received`),
        );
        return true;
      });
    await refused(file, "ENOTDIR");
    const loop = join(settings.cache, "loop");
    symlinkSync(loop, loop);
    await refused(loop, "ELOOP|ENOTDIR|EEXIST");
    await refused(join(settings.cache, "a".repeat(300)), "ENAMETOOLONG");
  });

  it("takes settings one by one, the others from the environment", async () => {
    server.files.set("model.onnx", CONTENT);
    const before = { ...process.env };
    Object.assign(process.env, { HF_ENDPOINT: origin, HF_HUB_CACHE: settings.cache });
    try {
      await hub.fetchFile(main, "model.onnx", { settings: { token: null } });
      await hub.fetchFile(main, "model.onnx", { settings: { offline: true, endpoint: undefined } });
      await assert.rejects(
        hub.fetchFile(main, "other.onnx", { settings: { offline: true } }),
        new RegExp(`other.onnx must be in the cache ${settings.cache}`),
      );
      const odd = { settings: { ofline: true } as never };
      await assert.rejects(hub.fetchFile(main, "model.onnx", odd), /options are endpoint, cache, .* received "ofline"/);
      const bad = { settings: { endpoint: "nowhere" } };
      await assert.rejects(
        hub.fetchFile(main, "model.onnx", bad),
        /must be an http: or https: URL, received "nowhere"/,
      );
    } finally {
      process.env = before;
    }
  });

  it("asked for twice at once is downloaded once", async () => {
    server.files.set("model.onnx", CONTENT);
    await Promise.all([fetchFile("model.onnx"), fetchFile("model.onnx")]);
    assert.equal(server.gets().length, 1);
  });
});

describe("the hub's refusals", () => {
  it("404 says what does not exist", async () => {
    await assert.rejects(
      fetchFile("model.onnx"),
      (error: HubError) => error.status === 404 && /the file must exist/.test(error.message),
    );
    await assert.rejects(
      hub.fetchFile({ repo: "a/b", revision: "main" }, "x", { settings }),
      /the repository must exist \(404\)/,
    );
  });

  it("401 and 403 say what the token is for, and never print it", async () => {
    server.token = "right";
    server.files.set("model.onnx", CONTENT);
    await assert.rejects(fetchFile("model.onnx"), /HF_TOKEN must be set to a token with access to it \(401\)/);
    await assert.rejects(
      fetchFile("model.onnx", { settings: { ...settings, token: "wrong" } }),
      (error: Error) =>
        /HF_TOKEN must have access to it \(401\)/.test(error.message) && !error.message.includes("wrong"),
    );
    await fetchFile("model.onnx", { settings: { ...settings, token: "right" } });
  });

  it("429 is waited for as the hub asks, up to a minute", async () => {
    server.files.set("model.onnx", CONTENT);
    server.faults = [{ kind: "status", status: 429, headers: { "retry-after": "1" } }];
    const start = performance.now();
    await fetchFile("model.onnx");
    assert.ok(performance.now() - start >= 990);
    rmSync(folder, { recursive: true });
    server.faults = [{ kind: "status", status: 429, headers: { "retry-after": "3600" } }];
    await assert.rejects(fetchFile("model.onnx"), /the hub asks to wait 3600 seconds \(429\)/);
  });

  it("an unreachable hub is named, and a cached file used", async () => {
    server.files.set("model.onnx", CONTENT);
    const path = await fetchFile("model.onnx");
    const gone = new FakeHub();
    const endpoint = await gone.start();
    await gone.stop();
    const away = { ...settings, endpoint };
    assert.equal(await fetchFile("model.onnx", { settings: away }), path);
    await assert.rejects(
      fetchFile("other.onnx", { settings: away }),
      /the hub must be reachable, received .*ECONNREFUSED/,
    );
  });
});

describe("untrusted answers", () => {
  it("a redirect to another host is followed without the token", async () => {
    server.files.set("model.onnx", CONTENT);
    other.files.set("model.onnx", CONTENT);
    server.cdn = otherOrigin;
    await fetchFile("model.onnx", { settings: { ...settings, token: "secret" } });
    assert.ok(server.seen.every(({ authorization }) => authorization === "Bearer secret"));
    assert.ok(other.seen.length > 0 && other.seen.every(({ authorization }) => authorization === undefined));
  });

  it("a redirect's own length is not the file's", async () => {
    server.files.set("model.onnx", CONTENT);
    other.files.set("model.onnx", CONTENT);
    server.cdn = otherOrigin;
    server.withoutSize = true;
    assert.deepEqual(readFileSync(await fetchFile("model.onnx")), CONTENT);
  });

  it("redirects to other schemes and endless ones are refused", async () => {
    server.files.set("model.onnx", CONTENT);
    server.cdn = "file://";
    await assert.rejects(fetchFile("model.onnx"), /a redirect must lead to an equally secure URL/);
    server.cdn = origin;
    await assert.rejects(fetchFile("model.onnx"), /a file may be redirected 5 times/);
  });

  it("names of commits and contents that are paths are refused", async () => {
    server.files.set("model.onnx", CONTENT);
    server.headers = { "x-repo-commit": "../../evil" };
    await assert.rejects(fetchFile("model.onnx"), /the hub must name the commit/);
    server.headers = { "x-linked-etag": '"../../evil"' };
    await assert.rejects(fetchFile("model.onnx"), /the hub must name the content/);
    server.siblings = [{ rfilename: "../evil.onnx" }];
    await assert.rejects(hub.listFiles(main, { settings }), /a file is a relative path/);
    for (const alone of [REPO, undefined, { repo: REPO }]) {
      const rule = /^HubError: hub\.\w+: a reference is { repo: "owner\/name", revision: "main" }, received/;
      await assert.rejects(hub.listFiles(alone as never, { settings }), rule);
      await assert.rejects(hub.fetchFile(alone as never, "a.json", { settings }), rule);
    }
    server.siblings = [null];
    await assert.rejects(hub.listFiles(main, { settings }), /each sibling .* must have an rfilename, received null/);
    server.siblings = 3;
    await assert.rejects(hub.listFiles(main, { settings }), /must answer with a list of siblings/);
    assert.deepEqual(readdirSync(settings.cache), []);
  });

  it("names that leave the cache are refused before anything is asked", async () => {
    for (const file of ["../x", "/etc/passwd", "a/../../x", "a\\b", "", "a//b", "c:x"])
      await assert.rejects(fetchFile(file), /a file is a relative path inside of the repository/, file);
    for (const text of ["hf:../x", "hf:a/b/c", "hf:a--b/c", "hf:a/..", "hf:", "hf:/x"])
      assert.throws(() => parseReference(text, "encoders.load"), HubError, text);
    assert.throws(() => parseReference("hf:a/b@../../x", "encoders.load"), /a revision is a branch, a tag or a commit/);
    assert.equal(server.seen.length, 0);
  });
});

describe("settings", () => {
  it("come from huggingface_hub's variables", () => {
    const found = hub.settings({
      HF_HOME: "/h",
      HF_ENDPOINT: "https://mirror.example/",
      HF_TOKEN: " t ",
      HF_HUB_OFFLINE: "yes",
    });
    assert.deepEqual(found, {
      endpoint: "https://mirror.example",
      cache: join("/h", "hub"),
      token: "t",
      offline: true,
    });
    assert.equal(hub.settings({ HF_HOME: "/h", HF_HUB_CACHE: "/c" }).cache, "/c");
    assert.equal(hub.settings({}).endpoint, "https://huggingface.co");
    assert.throws(
      () => hub.settings({ HF_ENDPOINT: "mirror" }),
      /HF_ENDPOINT must be an http: or https: URL, received "mirror"/,
    );
    assert.throws(
      () => hub.settings({ HF_TOKEN: "a\nb" }),
      (error: Error) => !error.message.includes("a\nb"),
    );
  });

  it("a reference names repository and revision", () => {
    assert.deepEqual(parseReference("hf:owner/name@refs/pr/1", "x"), { repo: "owner/name", revision: "refs/pr/1" });
    assert.deepEqual(parseReference("hf:gpt2", "x"), { repo: "gpt2", revision: "main" });
    assert.ok(lstatSync(settings.cache).isDirectory());
  });
});

describe("settings as huggingface_hub reads them", () => {
  const home = mkdtempSync(join(tmpdir(), "fovea-home-"));
  after(() => rmSync(home, { recursive: true }));
  const read = (env: NodeJS.ProcessEnv) => hub.settings({ HOME: home, ...env });

  it("~ and variables in paths, and the older name of the cache", () => {
    assert.equal(read({}).cache, join(home, ".cache", "huggingface", "hub"));
    assert.equal(read({ HF_HOME: "~/hf" }).cache, join(home, "hf", "hub"));
    assert.equal(read({ HF_HUB_CACHE: "$BIG/${WHO}/x", BIG: "/big", WHO: "me" }).cache, "/big/me/x");
    assert.equal(read({ HUGGINGFACE_HUB_CACHE: "/old" }).cache, "/old");
    assert.equal(read({ HUGGINGFACE_HUB_CACHE: "/old", HF_HUB_CACHE: "/new" }).cache, "/new");
    assert.equal(read({ HF_HUB_CACHE: "/a/$UNSET" }).cache, "/a/$UNSET");
  });

  it("either variable for offline, and the token of a login", () => {
    assert.equal(read({ TRANSFORMERS_OFFLINE: "1" }).offline, true);
    assert.equal(read({ TRANSFORMERS_OFFLINE: "0" }).offline, false);
    assert.equal(read({ HF_HOME: home }).token, null);
    writeFileSync(join(home, "token"), "hf_login\n");
    assert.equal(read({ HF_HOME: home }).token, "hf_login");
    assert.equal(read({ HF_TOKEN_PATH: "~/token" }).token, "hf_login");
    assert.equal(read({ HF_HOME: home, HF_TOKEN: "hf_own" }).token, "hf_own");
  });
});
