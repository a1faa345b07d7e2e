/**
 * Command `npm run lab [-- --port N] [-- any option of jupyter lab]`: sets up missing parts and opens the first
 * notebook.
 */
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { terminalOptions } from "./command.mjs";
import { bin, environment, fail, root, setup, SetupError } from "./setup.mjs";

const FIRST_NOTEBOOK = join("notebooks", "00-start.ipynb");

function wantedPort(args) {
  const joined = args.find((arg) => arg.startsWith("--port="));
  const at = args.indexOf("--port");
  const text = joined ? joined.slice("--port=".length) : at >= 0 ? args[at + 1] : undefined;
  if (text === undefined) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new SetupError(
    `--port must be a number from 1 to 65535, received ${text}`,
    "Leave it out to let JupyterLab choose.",
  );
}

/** Refuses a taken port: JupyterLab silently takes another one, which hides the fact from a user who chose it. */
function checkFree(port) {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    const taken = new SetupError(
      `port ${port} is taken`,
      "Choose another: npm run lab -- --port 8899, or leave --port out.",
    );
    probe.once("error", () => reject(taken));
    probe.listen(port, "127.0.0.1", () => probe.close(resolve));
  });
}

async function main() {
  const args = process.argv.slice(2);
  const port = wantedPort(args);
  if (port !== undefined) await checkFree(port);
  await setup();
  // JupyterLab refuses to start as root unless told to; in a container root is the normal user.
  const asRoot = process.getuid?.() === 0 ? ["--allow-root"] : [];
  const terminals = terminalOptions(dirname(bin("python")), {
    isTerminal: process.stdout.isTTY,
    shell: process.env.SHELL || undefined,
  });
  // JupyterLab would ask whether to fetch its news before anybody has seen a notebook.
  const news = ["--LabApp.news_url=None"];
  process.stderr.write(`fovea: opening ${FIRST_NOTEBOOK} in JupyterLab, Ctrl-C ends it\n`);
  const lab = spawn(bin("jupyter"), ["lab", FIRST_NOTEBOOK, ...asRoot, ...news, ...terminals, ...args], {
    cwd: root,
    env: environment(),
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => lab.kill(signal));
  lab.on("error", (error) =>
    fail(new SetupError(`JupyterLab cannot be started: ${error.message}`, "Delete .venv and run npm run lab again.")),
  );
  lab.on("close", (code) => process.exit(code ?? 0));
}

main().catch(fail);
