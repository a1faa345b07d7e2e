import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "node:test";
import * as features from "../../kernel/features/index.ts";
import * as world from "../../kernel/data/world";
import { contentOf, ENCODER, fovea, planTars, writeTars } from "./material.ts";

const PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol"];
const PATH = `${process.env["PATH"]}:/usr/sbin:/sbin`;

/** A folder whose name Slurm must be told with care. */
const ARRAY = `an array's 100% "#1"`;

/** Reason why Slurm cannot start here, or false. */
function reason(): string | false {
  if (process.platform !== "linux") return "Slurm runs on Linux";
  const absent = PROGRAMS.filter((name) => spawnSync("which", [name], { env: { ...process.env, PATH } }).status !== 0);
  if (absent.length) return `no ${absent.join(", ")}: apt-get install slurm-wlm munge`;
  return process.getuid?.() === 0 ? false : "slurmd must be started by root";
}

/** Slurm of one node on the loopback, started for the test. */
class Slurm {
  private readonly children: ChildProcess[] = [];
  readonly env: NodeJS.ProcessEnv;

  private constructor(readonly folder: string) {
    this.env = { ...process.env, PATH, SLURM_CONF: join(folder, "slurm.conf") };
  }

  static async start(): Promise<Slurm> {
    const folder = mkdtempSync(join(tmpdir(), "fovea-slurm-"));
    const slurm = new Slurm(folder);
    for (const name of ["state", "spool", "munge"]) mkdirSync(join(folder, name), { mode: 0o755 });
    // munged refuses a socket whose folder others cannot enter.
    for (const name of [".", "munge"]) chmodSync(join(folder, name), 0o755);
    writeFileSync(join(folder, "munge", "key"), randomBytes(128), { mode: 0o400 });
    const at = (name: string): string => join(folder, "munge", name);
    slurm.run("munged", [
      "--foreground",
      "--force",
      `--key-file=${at("key")}`,
      `--socket=${at("socket")}`,
      `--pid-file=${at("pid")}`,
      `--log-file=${at("log")}`,
      `--seed-file=${at("seed")}`,
    ]);
    await until("munged", () => existsSync(at("socket")));
    writeFileSync(slurm.env["SLURM_CONF"] as string, await configuration(folder));
    slurm.run("slurmctld", ["-D"]);
    slurm.run("slurmd", ["-D"]);
    await until("an idle node", () => /idle/.test(slurm.ask("sinfo", "-h")));
    return slurm;
  }

  private run(program: string, args: string[]): void {
    this.children.push(spawn(program, args, { env: this.env, stdio: "ignore" }));
  }

  ask(program: string, ...args: string[]): string {
    return spawnSync(program, args, { env: this.env, encoding: "utf8" }).stdout ?? "";
  }

  async stop(): Promise<void> {
    for (const child of this.children.reverse()) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await Promise.race([ended, sleep(5000)]);
      child.kill("SIGKILL");
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A job that is queued again waits until its credential has expired, two minutes by default. */
async function configuration(folder: string): Promise<string> {
  const [control, node] = await freePorts();
  const name = hostname().split(".")[0];
  return `ClusterName=fovea
SlurmctldHost=${name}(127.0.0.1)
SlurmctldAddr=127.0.0.1
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${join(folder, "munge", "socket")},cred_expire=3
CryptoType=crypto/munge
SlurmctldPort=${control}
SlurmdPort=${node}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=${join(folder, "state")}
SlurmdSpoolDir=${join(folder, "spool")}
SlurmctldPidFile=${join(folder, "slurmctld.pid")}
SlurmdPidFile=${join(folder, "slurmd.pid")}
SlurmctldLogFile=${join(folder, "slurmctld.log")}
SlurmdLogFile=${join(folder, "slurmd.log")}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,batch_sched_delay=0,requeue_delay=1
KillWait=1
MinJobAge=300
ReturnToService=2
NodeName=${name} NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=main Nodes=${name} Default=YES MaxTime=INFINITE State=UP
`;
}

async function freePorts(): Promise<number[]> {
  const servers = await Promise.all(
    [0, 1].map(
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, "127.0.0.1", () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function until(what: string, isSo: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
  const end = Date.now() + 1000 * seconds;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`no ${what} within ${seconds} s`);
    await sleep(200);
  }
}

const why = reason();

describe("an array of Slurm", { skip: why }, () => {
  let folder: string;
  let slurm: Slurm | null = null;
  let failure: string | null = null;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "fovea-array-"));
    slurm = await Slurm.start().catch((error: Error) => {
      failure = error.message;
      return null;
    });
  });
  after(async () => {
    await slurm?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it("runs, is killed and requeued, and loses and doubles nothing", async (t) => {
    if (!slurm) return t.skip(`Slurm does not start: ${failure}`);
    const tars = await writeTars(join(folder, "tars"), 8, 12);
    const calm = planTars(tars, join(folder, "calm", "plan.json"), "--batch-size", "4");
    assert.equal(fovea(["extract", "--plan", calm, "--device", "cpu"]).code, 0);
    const plan = planTars(tars, join(folder, ARRAY, "plan.json"), "--batch-size", "4");
    const args = ["extract", "--plan", plan, "--on", "slurm", "--array", "0-3%2", "--device", "cpu"];
    const { code, out, err } = fovea(args, slurm.env);
    assert.equal(code, 0, err);
    const job = /^(\d+): submitted /.exec(out)?.[1] as string;
    const attempts = (): string[] => tries(join(folder, ARRAY, "plan.parts", "000000"));
    const killed = new Set<string>();
    for (let i = 0; i < 3; i++) {
      await until("a part that is begun", () => attempts().some((name) => !killed.has(name)));
      const name = attempts().find((one) => !killed.has(one));
      if (name === undefined) continue;
      killed.add(name);
      killWorker(name);
    }
    slurm.ask("scontrol", "requeue", `${job}_1`);
    await until("an end of the array", () => slurm?.ask("squeue", "-h", "-j", job).trim() === "", 150);
    const now = await features.status(plan);
    assert.deepEqual([now.whole, now.pictures, now.failures.count], [8, 96, 0], JSON.stringify(now));
    assert.deepEqual(contentOf(join(folder, ARRAY, "plan.parts")), contentOf(join(folder, "calm", "plan.parts")));
    const logs = join(folder, ARRAY, "plan.slurm");
    const text = readdirSync(logs)
      .map((log) => readFileSync(join(logs, log), "utf8"))
      .join("");
    assert.match(text, /part \d: 12 of 12 pictures/);
    const restarts = slurm.ask("scontrol", "show", "job", job).match(/Restarts=[1-9]/g) ?? [];
    assert.ok(restarts.length >= 1, "tasks were requeued");
  });

  it("makes the parts of a C score", async (t) => {
    if (!slurm) return t.skip(`Slurm does not start: ${failure}`);
    // Characters that mean something to Slurm in the name of the logs.
    const odd = join(folder, `it's 50% "odd" #1`);
    mkdirSync(odd);
    const [spair, stored] = ["spair", "features"].map((name) => join(folder, name));
    const plan = join(odd, "score.json");
    await world.writeSpair(spair, { categories: ["bird"], images: 6, pairs: 8 });
    const pairs = ["law", "c-score", "--spair", spair, "--features", stored];
    const whole = fovea([...pairs, "--encoder", ENCODER, "--device", "cpu", "--json"]);
    assert.equal(whole.code, 0, whole.err);
    const [, , ...args] = pairs;
    fovea(["law", "c-score", "plan", ...args, "--output", plan, "--pairs-per-part", "3"]);
    const { out, err } = fovea(["law", "c-score", "--plan", plan, "--on", "slurm", "--array", "0-1"], slurm.env);
    const job = /^(\d+): submitted .*; squeue --job \1 follows it\n$/.exec(out)?.[1] as string;
    assert.ok(job, err);
    await until("an end of the array", () => slurm?.ask("squeue", "-h", "-j", job).trim() === "", 150);
    assert.deepEqual(fovea(["law", "c-score", "merge", plan, "--json"]), whole);
    assert.deepEqual(readdirSync(join(odd, "score.slurm")).sort(), [`${job}_0.log`, `${job}_1.log`]);
  });
});

/** Names of tries at parts, which end with the process that they belong to. */
function tries(group: string): string[] {
  return existsSync(group) ? readdirSync(group).filter((name) => name.endsWith(".part")) : [];
}

/** Kills the process of a try, if it has not ended. */
function killWorker(name: string): void {
  const pid = Number(/^\d{9}\.[\w-]+\.(\d+)\./.exec(name)?.[1]);
  const line = existsSync(`/proc/${pid}/cmdline`)
    ? execFileSync("cat", [`/proc/${pid}/cmdline`], { encoding: "utf8" })
    : "";
  if (line.includes("extract")) process.kill(pid, "SIGKILL");
}
