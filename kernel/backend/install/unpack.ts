import { mustRun } from "./program";

/**
 * Script that writes the matching members of a wheel or a tarball below the folder, under the name caught by the
 * pattern's only group. Names in an archive are never used as paths.
 */
const SCRIPT = `
import os, re, shutil, sys, tarfile, zipfile
archive, target, pattern = sys.argv[1], sys.argv[2], re.compile(sys.argv[3])
def write(name, open_member):
    found = pattern.match(name)
    if not found: return 0
    parts = found.group(1).split("/")
    if ".." in parts or "" in parts: sys.exit("error: bad name in the archive: " + name)
    path = os.path.join(target, *parts)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open_member() as source, open(path, "wb") as out: shutil.copyfileobj(source, out, 1 << 20)
    return 1
if archive.endswith(".whl"):
    with zipfile.ZipFile(archive) as z:
        count = sum(write(i.filename, lambda: z.open(i)) for i in z.infolist() if not i.is_dir())
else:
    with tarfile.open(archive) as t:
        count = sum(write(m.name, lambda: t.extractfile(m)) for m in t if m.isfile())
if not count: sys.exit("error: nothing in the archive matches " + pattern.pattern)
`;

export async function unpack(python: string, archive: string, target: string, pattern: RegExp): Promise<void> {
  await mustRun(`${archive} must be unpacked`, python, ["-c", SCRIPT, archive, target, pattern.source], {
    cwd: target,
  });
}
