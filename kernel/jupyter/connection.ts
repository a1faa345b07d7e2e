import { isWhole } from "../rules/rule-error";
/** Connection file: addresses to bind, and the key that signs every message. */
import { readFileSync } from "node:fs";

export interface ConnectionInfo {
  transport: "tcp" | "ipc";
  ip: string;
  key: string;
  shellPort: number;
  iopubPort: number;
  stdinPort: number;
  controlPort: number;
  hbPort: number;
}

/** Error for an invalid connection file. */
export class ConnectionFileError extends Error {
  override name = "ConnectionFileError";
}

const PORTS = {
  shellPort: "shell_port",
  iopubPort: "iopub_port",
  stdinPort: "stdin_port",
  controlPort: "control_port",
  hbPort: "hb_port",
} as const;

/**
 * Reads and checks a connection file.
 *
 * @throws ConnectionFileError naming the field and the value received
 */
export function readConnectionFile(path: string): ConnectionInfo {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new ConnectionFileError(`readConnectionFile: cannot read ${path}: ${(error as Error).message}`);
  }
  return checkConnection(path, parsed);
}

function checkConnection(path: string, value: unknown): ConnectionInfo {
  const fail = (rule: string, received: unknown): never => {
    throw new ConnectionFileError(`readConnectionFile: ${path}: ${rule}, received ${JSON.stringify(received)}`);
  };
  if (typeof value !== "object" || value === null) return fail("must hold a JSON object", value);
  const fields = value as Record<string, unknown>;
  const scheme = fields["signature_scheme"] ?? "hmac-sha256";
  if (scheme !== "hmac-sha256") fail("signature_scheme must be hmac-sha256", scheme);
  const transport = fields["transport"] ?? "tcp";
  if (transport !== "tcp" && transport !== "ipc") return fail("transport must be tcp or ipc", transport);
  if (typeof fields["ip"] !== "string") return fail("ip must be a string", fields["ip"]);
  const key = fields["key"] ?? "";
  if (typeof key !== "string") return fail("key must be a string", typeof key);
  const ports = {} as Record<keyof typeof PORTS, number>;
  for (const [name, field] of Object.entries(PORTS) as [keyof typeof PORTS, string][]) {
    const port = fields[field];
    if (typeof port !== "number" || !isWhole(port, 0) || port > 65535) {
      return fail(`${field} must be a port number`, port);
    }
    ports[name] = port;
  }
  return { transport, ip: fields["ip"], key, ...ports };
}

/** Returns the zeromq address of one port. Only the connection file's address is ever bound. */
export function address(connection: ConnectionInfo, port: number): string {
  return connection.transport === "tcp" ? `tcp://${connection.ip}:${port}` : `ipc://${connection.ip}-${port}`;
}
