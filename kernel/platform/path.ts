/** Paths of the machine in place, under Node's names. */
import { platform } from ".";

export const basename = (path: string, suffix?: string): string => platform().path.basename(path, suffix);
export const dirname = (path: string): string => platform().path.dirname(path);
export const join = (...parts: string[]): string => platform().path.join(...parts);
export const relative = (from: string, to: string): string => platform().path.relative(from, to);
export const resolve = (...parts: string[]): string => platform().path.resolve(...parts);
