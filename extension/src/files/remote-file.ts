import { ServerConnection, type Contents } from "@jupyterlab/services";

/** Most bytes that are fetched at once from a server that cannot give a part of a file. */
const MOST_WHOLE = 256 * 2 ** 20;

/** A file of the server, of which parts are fetched. */
export class RemoteFile {
  /** The file's bytes where the server gave all of them. */
  private whole: Uint8Array | null = null;

  private constructor(
    readonly path: string,
    /** Bytes. */
    readonly size: number,
    private readonly url: string,
    private readonly settings: ServerConnection.ISettings,
  ) {}

  /** @throws Error for a path without a file */
  static async open(contents: Contents.IManager, path: string): Promise<RemoteFile> {
    const { size } = await contents.get(path, { content: false });
    if (typeof size !== "number") throw new Error(`The server does not say how large ${path} is`);
    const url = await contents.getDownloadUrl(path);
    return new RemoteFile(
      contents.localPath(path),
      size,
      url,
      contents.serverSettings ?? ServerConnection.makeSettings(),
    );
  }

  /** Fetches bytes `[start, start + length)`. */
  async read(start: number, length: number): Promise<Uint8Array> {
    if (this.whole) return this.whole.subarray(start, start + length);
    if (length === 0) return new Uint8Array(0);
    const headers = { Range: `bytes=${start}-${start + length - 1}` };
    const answer = await ServerConnection.makeRequest(this.url, { headers, cache: "no-store" }, this.settings);
    if (answer.status === 206) return this.exactly(await bytesOf(answer), length);
    if (!answer.ok) throw new Error(`The server answered ${answer.status} for ${this.path}`);
    if (this.size > MOST_WHOLE)
      throw new Error(`The server gives ${this.path} only whole, and it is too large for that`);
    this.whole = this.exactly(await bytesOf(answer), this.size);
    return this.whole.subarray(start, start + length);
  }

  private exactly(bytes: Uint8Array, length: number): Uint8Array {
    if (bytes.length === length) return bytes;
    throw new Error(`${this.path} changed while it was read: ${length} bytes were asked for, ${bytes.length} came`);
  }
}

const bytesOf = async (answer: Response): Promise<Uint8Array> => new Uint8Array(await answer.arrayBuffer());
