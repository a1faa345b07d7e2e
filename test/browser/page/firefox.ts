/**
 * Firefox as a distribution builds it, without a protocol of automation: a page runs by itself and posts what came of it to `/told`.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const FIREFOX = process.env.FIREFOX ?? "/usr/bin/firefox-esr";
/** Why tests are skipped here, or false. */
export const MISSING = existsSync(FIREFOX)
  ? false
  : `no Firefox at ${FIREFOX} (apt-get install firefox-esr, or name one in FIREFOX)`;
/** Bounds a failure only. */
const PATIENCE = 400_000;

/** Preferences of a profile that asks nothing and calls nobody. */
const PREFERENCES = {
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "toolkit.telemetry.enabled": false,
  "app.update.enabled": false,
  "browser.safebrowsing.downloads.remote.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
};

/**
 * Opens a page in Firefox and waits for what it posts.
 *
 * @param files address of a host of all other files
 * @param own content of pages and scripts in place of the host's, by path; the first is opened
 */
export async function toldBy(files: string, own: Record<string, string>): Promise<unknown[]> {
  const profile = mkdtempSync(join(tmpdir(), "fovea-firefox-"));
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${String(value)});`);
  writeFileSync(join(profile, "user.js"), lines.join("\n"));
  let tell: (told: unknown[]) => void = () => undefined;
  const told = new Promise<unknown[]>((resolve, reject) => {
    tell = resolve;
    setTimeout(() => reject(new Error("Firefox told nothing")), PATIENCE).unref();
  });
  const server = createServer((request, answer) => {
    if (request.method === "POST") {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => tell(JSON.parse(Buffer.concat(parts).toString()) as unknown[]));
      return void answer.end();
    }
    const text = own[request.url ?? ""] as string | undefined;
    if (text !== undefined) {
      const type = request.url?.endsWith(".js") ? "text/javascript" : "text/html";
      return void answer.writeHead(200, { "content-type": type }).end(text);
    }
    void fetch(files + request.url).then(async (found) => {
      const type = found.headers.get("content-type") ?? "text/plain";
      answer.writeHead(found.status, { "content-type": type }).end(Buffer.from(await found.arrayBuffer()));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${Object.keys(own)[0]}`;
  const browser = spawn(FIREFOX, ["--headless", "--no-remote", "--profile", profile, url], { stdio: "ignore" });
  try {
    return await told;
  } finally {
    const ended = new Promise((resolve) => browser.once("exit", resolve));
    browser.kill("SIGKILL");
    await ended;
    server.close();
    server.closeAllConnections();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
