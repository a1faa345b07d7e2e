/**
 * Checks the session's messages before they are used: user code shares its process, and can write to the link or change what
 * the session's own code runs on. A malformed message ends the session, never this process.
 */
import { isRecord } from "../rules/json-text";
import { FrameError } from "./frames";
import type { FromSession } from "./ipc";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
const isCount: Check = (value) => Number.isSafeInteger(value);
const isAnything: Check = () => true;
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const shaped =
  (fields: Record<string, Check>): Check =>
  (value) =>
    isRecord(value) && firstWrong(value, fields) === undefined;

const isHeader = shaped({ msg_id: isText, msg_type: isText, session: isText });
const isBuffers = listOf((value) => value instanceof Uint8Array);
const isReport = shaped({ ename: isText, evalue: isText, traceback: listOf(isText) });
const isStream: Check = (value) => value === "stdout" || value === "stderr";
const isOk = shaped({ status: (value) => value === "ok", userExpressions: isRecord, payload: listOf(isRecord) });
const isOutcome: Check = (value) =>
  isOk(value) || (shaped({ status: (status) => status === "error" })(value) && isReport(value));

const COMM = { parent: optional(isHeader), commId: isText, data: isAnything, metadata: isRecord, buffers: isBuffers };
const FIELDS: Record<FromSession["type"], Record<string, Check>> = {
  ready: {},
  unusable: {},
  stream: { parent: optional(isHeader), name: isStream, text: isText },
  display: {
    parent: optional(isHeader),
    data: isRecord,
    metadata: isRecord,
    displayId: optional(isText),
    update: isFlag,
    buffers: isBuffers,
  },
  result: { parent: isHeader, executionCount: isCount, data: isRecord, metadata: isRecord },
  clearOutput: { parent: optional(isHeader), wait: isFlag },
  input: { parent: isHeader, prompt: isText, password: isFlag },
  done: { parent: isHeader, outcome: isOutcome },
  answer: { id: isCount, ok: isFlag, answer: optional(isRecord), error: optional(isReport) },
  commOpen: { ...COMM, target: isText },
  commMessage: COMM,
  commClose: COMM,
  commHandled: { parent: isHeader },
};

/**
 * Checks that a message has its type and the fields of that type.
 *
 * @throws FrameError that names the type or the field
 */
export function checkFromSession(message: { type: unknown }): asserts message is FromSession {
  const type = String(message.type);
  if (!Object.hasOwn(FIELDS, type)) throw new FrameError("a message has a type of this link, received another");
  const wrong = firstWrong(message, FIELDS[type as FromSession["type"]]);
  if (wrong !== undefined)
    throw new FrameError(`a message of type ${type} has a field ${wrong}, received another value`);
}

function firstWrong(value: unknown, fields: Record<string, Check>): string | undefined {
  const record = value as Record<string, unknown>;
  return Object.keys(fields).find((name) => !fields[name]!(record[name]));
}
