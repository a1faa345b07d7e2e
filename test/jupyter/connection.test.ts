import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { address, ConnectionFileError, readConnectionFile } from "../../kernel/jupyter/connection";

const folder = mkdtempSync(join(tmpdir(), "fovea-connection-"));
after(() => rmSync(folder, { recursive: true }));

const GOOD = {
  transport: "tcp",
  ip: "127.0.0.1",
  key: "k",
  signature_scheme: "hmac-sha256",
  shell_port: 1,
  iopub_port: 2,
  stdin_port: 3,
  control_port: 4,
  hb_port: 5,
};

function write(content: unknown): string {
  const path = join(folder, "connection.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("readConnectionFile", () => {
  it("reads addresses of both transports", () => {
    const tcp = readConnectionFile(write(GOOD));
    assert.equal(address(tcp, tcp.hbPort), "tcp://127.0.0.1:5");
    const ipc = readConnectionFile(write({ ...GOOD, transport: "ipc", ip: "/tmp/k" }));
    assert.equal(address(ipc, ipc.shellPort), "ipc:///tmp/k-1");
  });

  it("takes a missing key for an empty one", () => {
    const rest: Partial<typeof GOOD> = { ...GOOD };
    delete rest.key;
    assert.equal(readConnectionFile(write(rest)).key, "");
  });

  const bad: [unknown, RegExp][] = [
    ["{", /cannot read/],
    ["3", /must hold a JSON object, received 3/],
    [{ ...GOOD, shell_port: "1" }, /shell_port must be a port number, received "1"/],
    [{ ...GOOD, hb_port: 70000 }, /hb_port must be a port number, received 70000/],
    [{ ...GOOD, signature_scheme: "md5" }, /signature_scheme must be hmac-sha256, received "md5"/],
    [{ ...GOOD, transport: "http" }, /transport must be tcp or ipc, received "http"/],
    [{ ...GOOD, key: 4 }, /key must be a string/],
  ];
  for (const [content, rule] of bad) {
    it(`refuses ${JSON.stringify(content).slice(0, 60)}: ${rule.source}`, () => {
      assert.throws(
        () => readConnectionFile(write(content)),
        (error) => error instanceof ConnectionFileError && rule.test(error.message),
      );
    });
  }

  it("refuses a missing file", () => {
    assert.throws(() => readConnectionFile(join(folder, "none.json")), ConnectionFileError);
  });
});
