/** A real JupyterLab server in temporary folders, and a real Chromium to drive it. Reused by every browser test. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser } from "playwright-core";
import { kernelSpec } from "../../kernel/cli/kernelspec";

export const repository: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const prefix = process.env.FOVEA_PREFIX ?? join(repository, ".venv");

export interface LabOptions {
  /** Files of the server's root folder by name: text, or JSON. */
  files: Record<string, unknown>;
  /** Without kernels the notebooks are as a reader without Fovea's kernel sees them. Default true. */
  kernels?: boolean;
  /** Content security policy of every page. Default: the server's own. */
  csp?: string;
  /** The reader's settings, by plugin as `package/plugin`. */
  settings?: Record<string, object>;
}

/**
 * As strict as JupyterLab itself can bear (its settings compile schemas by `Function`): scripts of this server only, nothing from
 * elsewhere, no blob scripts.
 */
export const STRICT_CSP: string = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "connect-src 'self' ws:",
].join("; ");

export interface Lab {
  url: string;
  token: string;
  /** Folder that the file browser shows. */
  root: string;
  log(): string;
  /** Stops the server and its kernels, and removes its folders. */
  close(): Promise<void>;
}

/** Milliseconds for a file of tests, and for each thing that a page should show: they only bound a failure. */
export const LIMIT = 1_800_000;
export const PATIENCE = Number(process.env.FOVEA_PATIENCE ?? 300_000);
const STOP_TIMEOUT = 30_000;

/** Starts a server on a free loopback port, with settings, config and home in a temporary folder. */
export async function startLab(options: LabOptions): Promise<Lab> {
  const home = mkdtempSync(join(tmpdir(), "fovea-lab-"));
  const root = join(home, "root");
  writeFiles(root, options.files);
  linkExtension(home);
  writeKernel(home);
  linkCatalogs(home);
  writeFiles(join(home, "settings"), settingsFiles(options.settings ?? {}));
  const token = randomBytes(12).toString("hex");
  const port = await freePort();
  const server = spawn(join(prefix, "bin", "jupyter-lab"), serverArguments(home, root, port, token, options), {
    cwd: root,
    env: serverEnvironment(home),
    stdio: ["ignore", "pipe", "pipe"],
  });
  // A test run that ends early, by Ctrl+C too, leaves no server behind.
  const kill = (): boolean => server.kill("SIGTERM");
  process.once("exit", kill);
  let text = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const lab: Lab = {
    url: `http://127.0.0.1:${port}`,
    token,
    root,
    log: () => text,
    close: async () => {
      await stop(server);
      process.removeListener("exit", kill);
      rmSync(home, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  await answering(lab, server);
  return lab;
}

function settingsFiles(settings: Record<string, object>): Record<string, object> {
  return Object.fromEntries(
    Object.entries(settings).map(([plugin, content]) => [`${plugin}.jupyterlab-settings`, content]),
  );
}

function writeFiles(root: string, files: Record<string, unknown>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), typeof content === "string" ? content : JSON.stringify(content, null, 1));
  }
}

/** The extension as built in this tree, whatever is installed elsewhere. */
function linkExtension(home: string): void {
  const built = join(repository, "extension", "labextension");
  if (!existsSync(join(built, "package.json")))
    throw new Error(`no extension in ${built}: run npm run build:extension`);
  mkdirSync(join(home, "labextensions"), { recursive: true });
  symlinkSync(built, join(home, "labextensions", "jupyterlab-fovea"), "junction");
  const config = join(home, "config", "labconfig");
  mkdirSync(config, { recursive: true });
  const disabledExtensions = { "@jupyterlab/apputils-extension:announcements": true };
  writeFileSync(join(config, "page_config.json"), JSON.stringify({ disabledExtensions }));
}

/** The kernel as built in this tree, whatever is installed elsewhere. */
function writeKernel(home: string): void {
  const main = join(repository, "kernel", "dist", "jupyter", "main.js");
  if (!existsSync(main)) throw new Error(`no kernel at ${main}: run npm run build:kernel`);
  const argv = [process.execPath, main, "{connection_file}"];
  writeFiles(join(home, "jupyter", "kernels", "fovea"), { "kernel.json": { ...kernelSpec(), argv } });
}

/** The catalogs of this tree, as an installed wheel offers them, and an empty language pack: without one JupyterLab offers no language. */
function linkCatalogs(home: string): void {
  const python = join(home, "python");
  writeFiles(join(python, "jupyterlab_fovea-0.dist-info"), {
    METADATA: "Metadata-Version: 2.1\nName: jupyterlab-fovea\nVersion: 0\n",
    "entry_points.txt":
      "[jupyterlab.locale]\njupyterlab_fovea = fovea_kernel\n[jupyterlab.languagepack]\nja_JP = japanese_pack\n",
  });
  writeFiles(join(python, "japanese_pack"), { "__init__.py": "" });
  symlinkSync(join(repository, "kernel", "python", "fovea_kernel"), join(python, "fovea_kernel"), "junction");
}

function serverArguments(home: string, root: string, port: number, token: string, options: LabOptions): string[] {
  return [
    "--no-browser",
    "--allow-root",
    "--ServerApp.ip=127.0.0.1",
    `--ServerApp.port=${port}`,
    "--ServerApp.port_retries=0",
    `--ServerApp.root_dir=${root}`,
    `--IdentityProvider.token=${token}`,
    "--FileContentsManager.delete_to_trash=False",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    `--LabServerApp.extra_labextensions_path=${join(home, "labextensions")}`,
    ...(options.csp
      ? [`--ServerApp.tornado_settings={"headers": {"Content-Security-Policy": ${JSON.stringify(options.csp)}}}`]
      : []),
    ...(options.kernels === false ? ["--KernelSpecManager.allowed_kernelspecs={'none'}"] : []),
  ];
}

function serverEnvironment(home: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    PATH: `${join(prefix, "bin")}:${process.env.PATH}`,
    HOME: home,
    JUPYTER_CONFIG_DIR: join(home, "config"),
    JUPYTER_PATH: join(home, "jupyter"),
    PYTHONPATH: join(home, "python"),
    JUPYTER_DATA_DIR: join(home, "data"),
    JUPYTER_RUNTIME_DIR: join(home, "runtime"),
    JUPYTERLAB_SETTINGS_DIR: join(home, "settings"),
    JUPYTERLAB_WORKSPACES_DIR: join(home, "workspaces"),
    IPYTHONDIR: join(home, "ipython"),
  };
}

/** A port of this machine that nothing listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === "object" && address ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

/** Asks until it is so. */
export async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  for (const end = Date.now() + PATIENCE; !(await condition());) {
    if (Date.now() > end) throw new Error(`should come: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function answering(lab: Lab, server: ChildProcess): Promise<void> {
  const end = Date.now() + PATIENCE;
  while (Date.now() < end && server.exitCode === null) {
    const reply = await fetch(`${lab.url}/api/status?token=${lab.token}`).catch(() => undefined);
    if (reply?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const log = lab.log();
  await lab.close();
  throw new Error(`JupyterLab did not answer:\n${log}`);
}

/** SIGTERM lets the server shut its kernels down; SIGKILL is for one that hangs. */
async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  server.kill("SIGTERM");
  const timer = setTimeout(() => server.kill("SIGKILL"), STOP_TIMEOUT);
  await ended;
  clearTimeout(timer);
}

/** Chromium without a screen. `CHROMIUM` names another binary; `more` are further arguments. */
export function openBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      ...more,
    ],
  });
}

/** Waits until the server has the page's layout with these names: a page writes it only once nothing has changed for .75 s. */
export async function layoutKept(lab: Lab, names: string[]): Promise<void> {
  await until(
    async () => {
      const answer = await fetch(`${lab.url}/lab/api/workspaces/default?token=${lab.token}`);
      const text = await answer.text();
      return names.every((name) => text.includes(name));
    },
    `a layout with ${names.join(", ")}`,
  );
}
