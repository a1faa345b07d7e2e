import { deflateRawSync } from "node:zlib";

/** Makes a zip of deflated files, or of files with the number of another method, with which a spreadsheet of any content is written. */
export function zipOf(files: Readonly<Record<string, string>>, method = 8): Buffer {
  const [locals, directory]: Buffer[][] = [[], []];
  let at = 0;
  for (const [name, text] of Object.entries(files)) {
    const packed = method === 8 ? deflateRawSync(text) : Buffer.from(text);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(text.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    locals.push(local, Buffer.from(name), packed);
    directory.push(entry, Buffer.from(name));
    at += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

/** Makes a spreadsheet of the inside of its first sheet and of its shared strings. */
export const xlsxOf = (sheet: string, shared = "", method?: number): Buffer =>
  zipOf(
    {
      "xl/worksheets/sheet1.xml": `<worksheet>${sheet}</worksheet>`,
      "xl/sharedStrings.xml": `<sst>${shared}</sst>`,
    },
    method,
  );
