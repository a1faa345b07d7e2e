import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { terminalOptions, writeCommand } from "../../binder/command.mjs";

const home = mkdtempSync(join(tmpdir(), "fovea-command-"));
after(() => rmSync(home, { recursive: true, force: true }));

/** A program that prints its Node and its arguments, in a folder whose name a shell would read otherwise. */
function program(): string {
  const folder = join(home, `it's $HOME at 100 % "quoted"`);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "cli.js");
  writeFileSync(path, "console.log(JSON.stringify([process.execPath, ...process.argv.slice(2)]))");
  return path;
}

describe("the command fovea of a set-up", () => {
  it("runs the checkout's program with the set-up's Node, from any folder, and hands arguments over as they are", () => {
    const command = writeCommand(join(home, "new", "bin"), program());
    const printed = execFileSync(command, ["a b", "$HOME", "", "--x='1'"], { cwd: tmpdir(), encoding: "utf8" });
    assert.deepEqual(JSON.parse(printed), [process.execPath, "a b", "$HOME", "", "--x='1'"]);
  });

  it("is written again only where it says something else", () => {
    const folder = join(home, "again");
    const script = program();
    const command = writeCommand(folder, script);
    const { mtimeMs, ino } = statSync(command);
    writeCommand(folder, script);
    assert.deepEqual([statSync(command).mtimeMs, statSync(command).ino], [mtimeMs, ino]);
    writeCommand(folder, `${script}.moved`);
    assert.match(readFileSync(command, "utf8"), /cli\.js\.moved/);
  });

  it("is a batch file on Windows", () => {
    const command = writeCommand(join(home, "Scripts"), "C:\\100% mine\\cli.js", "win32");
    assert.match(command, /fovea\.cmd$/);
    const expected = `@echo off\r\n"${process.execPath}" "C:\\100%% mine\\cli.js" %*\r\n`;
    assert.equal(readFileSync(command, "utf8"), expected);
  });
});

describe("terminals of npm run lab", () => {
  it("are left alone where the server inherits a terminal, on Windows and under a shell with other options", () => {
    assert.deepEqual(terminalOptions("/bin", { isTerminal: true, shell: "/bin/bash" }), []);
    assert.deepEqual(terminalOptions("/bin", { isTerminal: false, shell: "/bin/tcsh" }), []);
    assert.deepEqual(terminalOptions("C:\\", { isTerminal: false, platform: "win32" }), []);
    assert.equal(terminalOptions("/bin", { isTerminal: false, shell: "/bin/zsh" }).length, 1);
  });
});
