/** Command `fovea` among the programs of a Python environment, and terminals that find it there. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Shells that accept `-l -c COMMAND` and then `-i`. */
const LOGIN_SHELLS = new Set(["ash", "bash", "dash", "fish", "ksh", "mksh", "sh", "zsh"]);

/**
 * Writes `fovea` (on Windows `fovea.cmd`) into `folder`: it runs `script` with the Node of this process. Returns its
 * path.
 */
export function writeCommand(folder, script, platform = process.platform) {
  const windows = platform === "win32";
  const path = join(folder, windows ? "fovea.cmd" : "fovea");
  const text = windows ? batchFile(process.execPath, script) : shellScript(process.execPath, script);
  if (existsSync(path) && readFileSync(path, "utf8") === text) return path;
  // Written beside its place and moved there, because another process may be starting the old one.
  mkdirSync(folder, { recursive: true });
  const beside = join(folder, `.fovea-${process.pid}`);
  writeFileSync(beside, text);
  chmodSync(beside, 0o755);
  renameSync(beside, path);
  return path;
}

function shellScript(...words) {
  return `#!/bin/sh\nexec ${words.map(quoted).join(" ")} "$@"\n`;
}

function batchFile(...words) {
  return `@echo off\r\n${words.map((word) => `"${word.replaceAll("%", "%%")}"`).join(" ")} %*\r\n`;
}

function quoted(word) {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * Returns options of JupyterLab with which its terminals find the programs in `folder`. A server not started from a
 * terminal opens login shells, whose profiles set PATH again, so `folder` is put first after they have run.
 */
export function terminalOptions(folder, { isTerminal, shell = "sh", platform = process.platform }) {
  if (isTerminal || platform === "win32" || !LOGIN_SHELLS.has(basename(shell))) return [];
  const command = `exec env PATH=${quoted(folder)}:"$PATH" ${quoted(shell)} -i`;
  return [`--ServerApp.terminado_settings=${JSON.stringify({ shell_command: [shell, "-l", "-c", command] })}`];
}
