/** Objects of Node whose functions the session calls, and cells may replace. */
import { AsyncLocalStorage } from "node:async_hooks";
import { EventEmitter } from "node:events";
import fs from "node:fs";
import Module from "node:module";
import { Socket } from "node:net";
import path from "node:path";
import { Duplex, Readable, Writable } from "node:stream";
import url from "node:url";
import util from "node:util";
import vm from "node:vm";

/** Returns the objects. */
export function platformObjects(): object[] {
  const classes = [AsyncLocalStorage, EventEmitter, Socket, Duplex, Readable, Writable, vm.Script, Buffer];
  const prototypes = classes.map((each): object => each.prototype as object);
  const emitter = process as { [name in "on" | "emit"]?: unknown };
  return [...prototypes, Buffer, fs, path, url, util, util.types, vm, Module, emitter];
}
