import { realpathSync } from "../platform/files";
import { basename, dirname, join, relative } from "../platform/path";
import { OnnxError } from "./errors";

/**
 * Files of a model's weights on disk. onnxruntime refuses external data behind a symbolic link that leaves the folder,
 * and the hub's cache consists of such links, so the real files are named.
 */
export class WeightFiles {
  readonly folder: string;
  readonly own: string;
  private readonly beside: string;

  constructor(
    path: string,
    private readonly fn: string,
  ) {
    const real = realpathSync(path);
    [this.folder, this.own, this.beside] = [dirname(real), basename(real), dirname(path)];
  }

  /** Returns the name, relative to `folder`, of a file that the model names. */
  locate(location: string): string {
    let real: string;
    try {
      real = realpathSync(join(this.beside, location));
    } catch {
      throw new OnnxError(this.fn, "the model's external data file is missing", join(this.beside, location));
    }
    const name = relative(this.folder, real);
    if (name.startsWith("..")) throw new OnnxError(this.fn, "external data must lie in the model's folder", real);
    return name;
  }
}
