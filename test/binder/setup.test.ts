import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, describe, it } from "node:test";

const root = resolve(import.meta.dirname, "..", "..");
const lab = join(root, "binder", "lab.mjs");
const importSetup = `import(${JSON.stringify(`file://${join(root, "binder", "setup.mjs")}`)})`;

function node(args: string[], env: NodeJS.ProcessEnv = {}) {
  const options = { cwd: root, encoding: "utf8", env: { ...process.env, ...env }, timeout: 600_000 } as const;
  const { status, stderr } = spawnSync(process.execPath, args, options);
  return { status, stderr };
}

/** Runs an expression over the set-up module, with its failures printed as a user sees them. */
const evaluate = (code: string, env?: NodeJS.ProcessEnv, before = "") =>
  node(["-e", `${before};${importSetup}.then(async (m) => { try { ${code} } catch (error) { m.fail(error) } })`], env);

describe("npm run lab says what is missing and what to do", () => {
  it("a port that is no port", () => {
    const { status, stderr } = node([lab, "--port", "http"]);
    assert.equal(status, 1);
    assert.match(stderr, /--port must be a number from 1 to 65535, received http/);
  });

  it("a port that is taken", async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const { status, stderr } = node([lab, `--port=${port}`]);
    assert.equal(status, 1);
    assert.match(stderr, new RegExp(`port ${port} is taken\\nChoose another`));
  });

  it("an old Node", () => {
    const old = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.0" } })`;
    const { status, stderr } = evaluate("await m.setup()", {}, old);
    assert.equal(status, 1);
    assert.match(stderr, /Node 18\.20\.0 is too old\nInstall Node 20\.19 or newer/);
  });

  it("no Python", () => {
    const { status, stderr } = evaluate("m.findPython()", { PATH: "", FOVEA_PYTHON: "" });
    assert.equal(status, 1);
    assert.match(stderr, /Python is missing\nInstall Python 3\.10 or newer, or name one with FOVEA_PYTHON/);
  });

  it("no network", () => {
    const copy = mkdtempSync(join(tmpdir(), "fovea-setup-"));
    after(() => rmSync(copy, { recursive: true, force: true }));
    for (const file of ["package.json", "package-lock.json", ".npmrc", "binder", join("kernel", "package.json")]) {
      cpSync(join(root, file), join(copy, file), { recursive: true });
    }
    const npm = {
      npm_config_registry: "http://127.0.0.1:9/",
      npm_config_fetch_retries: "0",
      npm_config_cache: join(copy, "cache"),
    };
    const { status, stderr } = node([join(copy, "binder", "setup.mjs")], npm);
    assert.equal(status, 1);
    assert.match(stderr, /ECONNREFUSED/);
    assert.match(stderr, /The npm registry must be reachable/);
  });
});
