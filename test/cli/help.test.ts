import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { layoutNames } from "../../kernel/data/world/layouts/picture";

const CLI = join(import.meta.dirname, "../../kernel/dist/cli.js");

function fovea(...args: string[]): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

const overview = fovea("--help").out;
const commands = [...overview.matchAll(/^ {2}fovea (\S+(?: (?!\s)\S+)?) +\S/gm)].map(([, command]) => command.trim());

describe("fovea --help", () => {
  it("lists every command with what it does", () => {
    assert.deepEqual(fovea(), { code: 0, out: overview, err: "" });
    assert.deepEqual(fovea("help").out, overview);
    for (const command of ["install", "onnx inspect", "extract", "adapter merge", "law c-score"])
      assert.ok(commands.includes(command), `${command} in ${commands.join(", ")}`);
    assert.match(overview, /^ {2}fovea law plan +which encoder to train next/m);
  });

  it("says of every command how it is used, and does nothing else", () => {
    for (const command of commands) {
      const { code, out, err } = fovea(...command.split(" "), "--help");
      assert.deepEqual([code, err], [0, ""], command);
      assert.ok(out.startsWith(`usage: fovea ${command} `), `${command}: ${out}`);
    }
    assert.equal(fovea("law", "fit", "-h").out, fovea("help", "law", "fit").out);
  });

  it("says of a group all that is in it", () => {
    const { out } = fovea("law", "--help");
    for (const name of ["fit", "policy", "plan", "c-score", "a-score"])
      assert.match(out, new RegExp(`^usage: fovea law ${name} `, "m"));
    assert.ok(fovea("help", "world", "write").out.includes(`--layout ${layoutNames.join("|")} `));
  });

  it("says which version it is", () => {
    const { version } = JSON.parse(readFileSync(join(CLI, "../../package.json"), "utf8")) as { version: string };
    for (const word of ["--version", "-V", "version"])
      assert.deepEqual(fovea(word), { code: 0, out: `fovea ${version} (Node ${process.versions.node})\n`, err: "" });
  });

  it("ends without a word when its reader ends first", { skip: process.platform === "win32" }, async () => {
    const child = spawn(process.execPath, [CLI, "--version"], { stdio: ["ignore", "pipe", "pipe"] });
    // Closed before Node has started in the child.
    child.stdout.destroy();
    let words = "";
    child.stderr.on("data", (piece: Buffer) => (words += piece.toString()));
    const [code] = (await once(child, "close")) as [number];
    assert.deepEqual([code, words], [141, ""]);
  });

  it("answers a wrong option with those that there are", () => {
    const { code, out, err } = fovea("law", "fit", "--tabel", "x.csv");
    assert.deepEqual([code, out], [1, ""]);
    assert.match(err, /^fovea: Unknown option '--tabel'[^]*\n\nusage: fovea law fit .*\n {2}\[--table FILE\.csv\]/);
  });
});
