import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { wantedParts } from "../../kernel/cli/extract/parts.ts";
import * as features from "../../kernel/features/index.ts";
import { CLI, contentOf, ENCODER, fovea, planTars, png, writeTars } from "../scale/material.ts";

let folder: string;
let tars: string;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "fovea-extract-plan-"));
  tars = await writeTars(join(folder, "tars"), 4, 3);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const extract = (plan: string, ...more: string[]) => fovea(["extract", "--plan", plan, "--device", "cpu", ...more]);

describe("fovea extract --plan", () => {
  it("plans, makes parts, tells their state, verifies and merges", async () => {
    const plan = planTars(tars, join(folder, "whole", "plan.json"));
    const one = extract(plan, "--part", "1");
    assert.equal(one.code, 0, one.err);
    assert.match(one.out, /^part 1: 3 of 3 pictures, 0 skipped, \d+\.\d s\n$/);
    const half = fovea(["extract", "status", plan]).out;
    assert.match(half, /^1 of 4 parts are whole, 3 pictures\n3 missing, 0 begun, 0 damaged, to do: 0,2-3\n/);
    const { missing } = JSON.parse(fovea(["extract", "status", plan, "--json"]).out);
    assert.equal(missing, 3);
    const rest = extract(plan);
    assert.match(rest.out, /part 0: 3 of 3 .*\npart 1: was whole\npart 2: .*\npart 3: /);
    assert.equal(fovea(["extract", "verify", plan]).code, 0);
    assert.match(fovea(["extract", "status", plan, "--watch"]).out, /^4 of 4 parts are whole, 12 pictures, /);
    const out = join(folder, "whole", "merged");
    assert.match(fovea(["extract", "merge", plan, "--out", out]).out, /12 of 12 pictures have features, 0 skipped/);
    assert.equal((await features.open(out)).paths.length, 12);
    const record = join(folder, "whole", "plan.parts", "000000", "000000002");
    const file = readdirSync(record).find((name) => name.endsWith(".safetensors")) as string;
    const bytes = readFileSync(join(record, file));
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(join(record, file), bytes);
    const verified = fovea(["extract", "verify", plan, "--remove"]);
    assert.equal(verified.code, 1);
    assert.match(verified.out, /part 2 is damaged: features-\d+\.safetensors holds other bytes/);
    assert.match(extract(plan).out, /part 1: was whole\npart 2: 3 of 3/);
  });

  it("killed at any moment and started again, ends with the bytes of an undisturbed run", async () => {
    const calm = planTars(tars, join(folder, "calm", "plan.json"));
    extract(calm);
    const killed = planTars(tars, join(folder, "killed", "plan.json"));
    for (let i = 0; i < 6; i++) await killAfter(killed, 700 + 150 * i);
    assert.equal(extract(killed).code, 0);
    assert.deepEqual(contentOf(join(folder, "killed", "plan.parts")), contentOf(join(folder, "calm", "plan.parts")));
    const left = readdirSync(join(folder, "killed", "plan.parts", "000000"));
    assert.deepEqual(left.sort(), ["000000000", "000000001", "000000002", "000000003"], "nothing is left beside");
  });

  /** A worker that is killed after some milliseconds, unless it ends before. */
  async function killAfter(plan: string, ms: number): Promise<void> {
    const child = spawn(process.execPath, [CLI, "extract", "--plan", plan, "--device", "cpu"], { stdio: "ignore" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const timer = setTimeout(() => child.kill("SIGKILL"), ms);
    await ended;
    clearTimeout(timer);
  }

  it("finds its parts by the variables of Slurm and Kubernetes", () => {
    const parts = (variables: Record<string, string>, options = {}) => [...wantedParts(10, options, variables)];
    const slurm = (id: number, min = 0, max = 3, step = 1, count = 4) => ({
      SLURM_ARRAY_TASK_ID: String(id),
      SLURM_ARRAY_TASK_MIN: String(min),
      SLURM_ARRAY_TASK_MAX: String(max),
      SLURM_ARRAY_TASK_STEP: String(step),
      SLURM_ARRAY_TASK_COUNT: String(count),
    });
    assert.deepEqual(parts(slurm(1)), [1, 5, 9]);
    const all = [10, 12, 14].flatMap((id) => parts(slurm(id, 10, 14, 2, 3)));
    assert.deepEqual(
      all.sort((a, b) => a - b),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    );
    assert.throws(() => parts(slurm(5, 1, 9, 1, 3)), /a Slurm array must be one range/);
    assert.deepEqual(parts({ JOB_COMPLETION_INDEX: "7" }), [7]);
    assert.deepEqual(parts({ JOB_COMPLETION_INDEX: "7" }, { shard: "2/4" }), [2, 6]);
    assert.deepEqual(parts({}, { parts: "1,3-5" }), [1, 3, 4, 5]);
    assert.equal(parts({}).length, 10);
    for (const wrong of [{ parts: "5-3" }, { parts: "8-10" }, { parts: "0-99999999999" }, { parts: "1e3" }])
      assert.throws(
        () => parts({}, wrong),
        /extract: --parts must be numbers and ascending ranges of 0\.\.9, .*received/,
      );
    for (const wrong of [{ parts: "a" }, { shard: "5/4" }, { part: "-1" }, { part: "1", shard: "0/2" }])
      assert.throws(() => parts({}, wrong), /extract: --/);
    const plan = planTars(tars, join(folder, "kubernetes", "plan.json"));
    const { out } = fovea(["extract", "--plan", plan, "--device", "cpu"], { JOB_COMPLETION_INDEX: "3" });
    assert.match(out, /^part 3: 3 of 3 pictures/);
  });

  it("goes on with other parts when one fails, and says so at the end", () => {
    const plan = planTars(join(folder, "tars", "{000,absent,001}.tar"), join(folder, "failing", "plan.json"));
    const { code, out, err } = extract(plan);
    assert.equal(code, 1);
    assert.match(out, /part 0: 3 of 3[^]*part 2: 3 of 3/);
    assert.match(err, /part 1: features.extractPart: the archive must be readable \(ENOENT\)/);
    assert.match(fovea(["extract", "status", plan]).out, /part 1 failed on .*: .*ENOENT/);
  });

  it("reports a full disk and goes on when there is room", { skip: process.platform === "win32" }, async () => {
    const plan = planTars(tars, join(folder, "full", "plan.json"));
    const { spawnSync } = await import("node:child_process");
    const line = ["-c", 'ulimit -f 4; exec "$0" "$@"', process.execPath, CLI, "extract", "--plan", plan, "--part", "0"];
    const { status, stderr } = spawnSync("bash", line, { encoding: "utf8" });
    assert.equal(status, 1);
    assert.match(stderr, /must have room for more features \(EFBIG\); free some and run the part again/);
    assert.equal(extract(plan, "--part", "0").code, 0);
  });

  it(
    "writes the script of a Slurm array, and says where sbatch is missing",
    { skip: process.platform === "win32" },
    () => {
      const plan = planTars(tars, join(folder, "it's slurm", "plan.json"));
      const script = extract(
        plan,
        "--on",
        "slurm",
        "--dry-run",
        "--array",
        "0-1%1",
        "--partition",
        "gpu",
        "--gpus",
        "1",
      ).out;
      assert.match(script, /^#!\/bin\/bash\n/);
      for (const line of ["array=0-1%1", "partition=gpu", "gpus-per-task=1", "requeue"])
        assert.ok(script.includes(`\n#SBATCH --${line}\n`), line);
      assert.ok(
        script.includes(`it'\\''s slurm/plan.json' '--device' 'cpu' --shard "$SLURM_ARRAY_TASK_ID/2"\n`),
        script,
      );
      assert.ok(!existsSync(join(folder, "it's slurm", "plan.sbatch")));
      const refused: [string[], RegExp][] = [
        [["--on", "condor"], /--on must be slurm/],
        [["--on", "slurm", "--array", "1-9"], /--array must begin at 0/],
        [["--on", "slurm", "--partition", "a\n#SBATCH --wrap=x"], /--partition must be one word/],
        [["--gpus", "1"], /--gpus needs --on slurm/],
      ];
      for (const [args, message] of refused) assert.match(extract(plan, ...args).err, message);
      const odd = planTars(tars, join(folder, 'a%s "b" #c', "plan.json"));
      const text = extract(odd, "--on", "slurm", "--dry-run").out;
      assert.ok(text.includes('/a%%s \\"b\\" #c/plan.slurm/%A_%a.log"\n'), text);
      const broken = planTars(tars, join(folder, "a\n#SBATCH --wrap=x", "plan.json"));
      assert.match(
        extract(broken, "--on", "slurm", "--dry-run").err,
        /must have no line break and no backslash in its path, received "/,
      );
      const { err } = fovea(["extract", "--plan", plan, "--on", "slurm"], { PATH: "/nowhere" });
      assert.match(err, /sbatch must be installed here \(ENOENT\)/);
    },
  );

  it("needs what its usage says", () => {
    assert.match(fovea(["extract", "plan", tars]).err, /a source, --output and --encoder are needed/);
    assert.match(fovea(["extract", "status"]).err, /one plan is needed\n\nusage: fovea extract status/);
    assert.match(fovea(["extract", "merge", "x.json"]).err, /--out is needed/);
    assert.match(extract(join(folder, "absent.json")).err, /the plan must be a file \(ENOENT\)/);
  });
});

/** Asks a worker over its pipes, one frame a question. */
async function ask(args: string[], questions: { header: object; body?: Uint8Array }[]) {
  const child = spawn(process.execPath, [CLI, "extract", "serve", ...args], { stdio: ["pipe", "pipe", "inherit"] });
  for (const { header, body = new Uint8Array(0) } of questions) {
    const text = Buffer.from(JSON.stringify({ ...header, bytes: body.length }));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(text.length);
    child.stdin.write(Buffer.concat([length, text, body]));
  }
  child.stdin.end();
  const pieces: Buffer[] = [];
  for await (const piece of child.stdout) pieces.push(piece as Buffer);
  const all = Buffer.concat(pieces);
  const answers: { header: Record<string, unknown>; body: Buffer }[] = [];
  for (let at = 0; at < all.length;) {
    const end = at + 4 + all.readUInt32LE(at);
    const header = JSON.parse(all.toString("utf8", at + 4, end));
    answers.push({ header, body: all.subarray(end, end + header.bytes) });
    at = end + header.bytes;
  }
  return answers;
}

describe("fovea extract serve", () => {
  it("answers pictures in frames, with NaN for those that fail", async () => {
    const pictures = [png(1), Buffer.from("none"), png(2)];
    const body = Buffer.concat(pictures);
    const sizes = pictures.map(({ length }) => length);
    const bad = { id: 2, sizes: [4] };
    const args = ["--encoder", ENCODER, "--device", "cpu", "--pool", "mean"];
    const [ready, answer, failed] = await ask(args, [
      { header: { id: 1, sizes }, body },
      { header: bad, body: Buffer.from("none") },
    ]);
    assert.equal(ready.header["ready"], true);
    const [count, tokens, channels] = answer.header["shape"] as number[];
    assert.deepEqual([count, tokens, Object.keys(answer.header["errors"] as object)], [3, 1, ["1"]]);
    const values = new Float32Array(
      answer.body.buffer.slice(answer.body.byteOffset, answer.body.byteOffset + answer.body.length),
    );
    assert.ok(values.subarray(channels, 2 * channels).every(Number.isNaN));
    assert.ok(values.subarray(0, channels).every(Number.isFinite));
    assert.equal((failed.header["shape"] as number[])[0], 1);
  });

  it("makes parts that it is asked for, and goes on after a wrong question", async () => {
    const plan = planTars(tars, join(folder, "served", "plan.json"));
    const answers = await ask(
      ["--plan", plan, "--device", "cpu"],
      [99, 2].map((part) => ({ header: { id: part, part } })),
    );
    assert.match(String(answers[1].header["error"]), /part must be a whole number of 0..3/);
    assert.deepEqual([answers[2].header["part"], answers[2].header["ok"]], [2, 3]);
  });
});
