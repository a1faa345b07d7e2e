import assert from "node:assert/strict";
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { bin, root } from "../../binder/setup.mjs";
import { freePort, until } from "../browser/lab";

const MINUTES = 60_000;
const TOKEN = "fovea-terminal";

/** Types a line into a new terminal of a server and prints what the terminal shows, up to a mark that the line leaves. */
const TYPE = `
import asyncio, json, sys, urllib.request
from tornado.websocket import websocket_connect

async def main(url, token, line):
    request = urllib.request.Request(f"{url}/api/terminals?token={token}", method="POST")
    name = json.load(urllib.request.urlopen(request))["name"]
    socket = await websocket_connect(f"ws{url[4:]}/terminals/websocket/{name}?token={token}")
    await socket.write_message(json.dumps(["stdin", line + "; echo ma''rk\\r"]))
    shown = ""
    while "mark" not in shown:
        kind, *content = json.loads(await socket.read_message())
        shown += content[0] if kind == "stdout" else ""
    print(shown)

asyncio.run(asyncio.wait_for(main(*sys.argv[1:]), 120))
`;

describe("fovea after a set-up", { timeout: 10 * MINUTES }, () => {
  it("is a program of the environment and prints the published regression", () => {
    const fitted = execFileSync(bin("fovea"), ["law", "fit"], { cwd: tmpdir(), encoding: "utf8" });
    assert.match(fitted, /mean of vision +0\.9572/);
  });
});

describe("a terminal of npm run lab, started from no terminal", { timeout: 10 * MINUTES }, () => {
  let home: string;
  let lab: ChildProcess;
  let url: string;

  before(async () => {
    home = mkdtempSync(join(tmpdir(), "fovea-terminal-"));
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const options = ["--no-browser", "--ServerApp.ip=127.0.0.1", `--IdentityProvider.token=${TOKEN}`];
    lab = spawn(process.execPath, [join(root, "binder", "lab.mjs"), `--port=${port}`, ...options], {
      env: { ...process.env, HOME: home, SHELL: "/bin/bash", JUPYTER_CONFIG_DIR: home, JUPYTER_RUNTIME_DIR: home },
      stdio: "ignore",
    });
    const answers = (): Promise<boolean> =>
      fetch(`${url}/api/status?token=${TOKEN}`).then(
        (reply) => reply.ok,
        () => false,
      );
    await until(async () => lab.exitCode !== null || (await answers()), "JupyterLab's answer");
    assert.equal(lab.exitCode, null);
  });
  after(async () => {
    const ended = new Promise((done) => lab.once("exit", done));
    if (lab.exitCode === null && lab.kill("SIGTERM")) await ended;
    rmSync(home, { recursive: true, force: true, maxRetries: 3 });
  });

  it("finds the command, though a login shell's profile sets PATH anew", () => {
    const line = "command -v fovea; fovea --help | head -n 1";
    const shown = execFileSync(bin("python"), ["-c", TYPE, url, TOKEN, line], { encoding: "utf8" });
    assert.ok(shown.includes(`${bin("fovea")}\r\n`), shown);
    assert.match(shown, /usage: fovea/);
  });
});
