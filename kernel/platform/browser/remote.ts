/** Files of the static host that the page comes from. */

/** The folder of the scripts, with a slash at its end. */
export const BASE: string = new URL(".", import.meta.url).href;

/**
 * Fetches a file and waits for it, which a worker may: so code that reads files at once needs no change.
 *
 * @throws Error that names the file and what the host answered
 */
export function fetchNow(name: string, size?: number): Uint8Array<ArrayBuffer> {
  const url = new URL(name, BASE).href;
  const request = new XMLHttpRequest();
  request.open("GET", url, false);
  request.responseType = "arraybuffer";
  try {
    request.send();
  } catch {
    throw new Error(`the file ${url} must be reachable, received no answer`);
  }
  if (request.status !== 200) throw new Error(`the file ${url} must be there, received status ${request.status}`);
  const bytes = new Uint8Array(request.response as ArrayBuffer);
  if (size !== undefined && bytes.length !== size)
    throw new Error(`the file ${url} must have ${size} bytes, received ${bytes.length}`);
  return bytes;
}

/** Runs a script of the host and returns what it declares under a name. */
export function runScriptNow<T>(file: string, name: string): T {
  return (0, eval)(`${new TextDecoder().decode(fetchNow(file))}\n${name};`) as T;
}
