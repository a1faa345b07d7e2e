/** A Python package index and an npm registry on loopback, with tiny wheels and tarballs that have the layout of the real ones. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NpmPackage, Recipe, Wheel } from "../../kernel/backend/install/index.ts";

export type Members = Record<string, string>;

/** Writes zips and tarballs of `{archive: {member: text}}`. */
const MAKER = `
import io, json, os, sys, tarfile, zipfile
for name, members in json.load(sys.stdin).items():
    path = os.path.join(sys.argv[1], name)
    if name.endswith(".whl"):
        with zipfile.ZipFile(path, "w") as z:
            for member, text in members.items(): z.writestr(member, text)
    else:
        with tarfile.open(path, "w:gz") as t:
            for member, text in members.items():
                info = tarfile.TarInfo(member); info.size = len(text.encode())
                t.addfile(info, io.BytesIO(text.encode()))
`;

/** Answer to the next request for a file: all of it, half of it, other bytes, or half of it and then nothing. */
export type Fault = "none" | "cut" | "other bytes" | "hang";

export class Registries {
  readonly folder = mkdtempSync(join(tmpdir(), "fovea-registries-"));
  /** Files that were asked for, in order. */
  readonly requests: string[] = [];
  readonly faults = new Map<string, Fault>();
  private readonly server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "");
    response.setHeader("content-type", path.startsWith("/simple/") ? "text/html" : "application/json");
    if (path.startsWith("/simple/")) return void response.end(this.page(path.split("/")[2]));
    if (path.startsWith("/npm/")) return void response.end(this.packument(path.slice("/npm/".length)));
    const file = path.split("/").pop() ?? "";
    if (!this.files.has(file)) return void response.writeHead(404).end();
    this.requests.push(file);
    const bytes = readFileSync(join(this.folder, file));
    const fault = this.faults.get(file) ?? "none";
    response.setHeader("content-type", "application/octet-stream").setHeader("content-length", bytes.length);
    if (fault === "none") return void response.end(bytes);
    if (fault === "other bytes") return void response.end(Buffer.alloc(bytes.length));
    response.write(bytes.subarray(0, bytes.length / 2), () => fault === "cut" && response.destroy());
  });
  private readonly files = new Map<string, Buffer>();
  private readonly packages: NpmPackage[] = [];

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, "127.0.0.1", resolve));
  }

  stop(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The variables by which pip and npm find these registries and nothing else. */
  get environment(): Record<string, string> {
    return {
      PIP_INDEX_URL: `${this.url}/simple`,
      PIP_EXTRA_INDEX_URL: "",
      PIP_FIND_LINKS: "",
      PIP_CONFIG_FILE: "/dev/null",
      PIP_RETRIES: "0",
      PIP_DEFAULT_TIMEOUT: "5",
      npm_config_registry: `${this.url}/npm/`,
      npm_config_cache: join(this.folder, "npm-cache"),
      npm_config_fetch_retries: "0",
      NO_PROXY: "127.0.0.1",
      no_proxy: "127.0.0.1",
    };
  }

  wheel(file: string, members: Members): Wheel {
    const [name, version] = file.split("-");
    const about = `${name}-${version}.dist-info`;
    const bytes = this.make(file, {
      ...members,
      [`${about}/METADATA`]: `Metadata-Version: 2.1\nName: ${name.replaceAll("_", "-")}\nVersion: ${version}\n`,
      [`${about}/WHEEL`]: "Wheel-Version: 1.0\nRoot-Is-Purelib: false\n",
    });
    return { file, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  }

  package(name: string, version: string, members: Members): NpmPackage {
    const inside = Object.entries({ ...members, "package.json": JSON.stringify({ name, version }) });
    const packed = Object.fromEntries(inside.map(([path, text]) => [`package/${path}`, text]));
    const bytes = this.make(`${name.replace("@", "").replace("/", "-")}-${version}.tgz`, packed);
    const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
    const made = { name, version, integrity, bytes: bytes.length };
    this.packages.push(made);
    return made;
  }

  private make(file: string, members: Members): Buffer {
    const python = process.env.FOVEA_PYTHON ?? "python3";
    const made = spawnSync(python, ["-c", MAKER, this.folder], { input: JSON.stringify({ [file]: members }) });
    if (made.status !== 0) throw new Error(made.stderr.toString());
    const bytes = readFileSync(join(this.folder, file));
    this.files.set(file, bytes);
    return bytes;
  }

  private page(project: string): string {
    const own = [...this.files.keys()].filter((file) => normalized(file.split("-")[0]) === project);
    return `<!DOCTYPE html><html><body>${own.map((file) => `<a href="/files/${file}">${file}</a>`).join("\n")}</body></html>`;
  }

  private packument(name: string): string {
    const own = this.packages.filter((one) => one.name === name);
    const versions = own.map(({ version, integrity }) => {
      const tarball = `${this.url}/files/${name.replace("@", "").replace("/", "-")}-${version}.tgz`;
      return [version, { name, version, dist: { tarball, integrity } }];
    });
    return JSON.stringify({ name, "dist-tags": {}, versions: Object.fromEntries(versions) });
  }
}

const normalized = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, "-");

/** A linker takes a text file for a script: an empty one stands for a library. */
const LIBRARY = "/* nothing */\n";

const nvidia = (registries: Registries, part: string, version: string): Wheel =>
  registries.wheel(`nvidia_${part}_cu12-${version}-py3-none-manylinux_2_27_x86_64.whl`, {
    [`nvidia/${part}/lib/lib${part}.so.12`]: `${part} ${version}`,
    [`nvidia/${part}/include/${part}.h`]: "// left out",
  });

/** Recipes of the same shape as the real ones, of files of a few hundred bytes. */
export function tinyRecipes(registries: Registries): { gpu: Recipe; cuda: Recipe } {
  const here = [`${process.platform}-${process.arch}`];
  const shared = [nvidia(registries, "cublas", "12.1")];
  const gpu: Recipe = {
    name: "tensorflow-gpu",
    platforms: here,
    wheel: registries.wheel("tensorflow-2.0.0-cp312-cp312-manylinux_2_27_x86_64.whl", {
      "tensorflow/libtensorflow_cc.so.2": LIBRARY,
      "tensorflow/libtensorflow_framework.so.2": LIBRARY,
      "tensorflow/include/tensorflow/c/c_api.h": "#define FAKE_API 1",
      "tensorflow/python/large.py": "left out",
    }),
    packages: [
      registries.package("@tensorflow/tfjs-node-gpu", "4.0.0", {
        "dist/nodejs_kernel_backend.js": "exports.NodeJSKernelBackend = class {};",
        "dist/nodejs_kernel_backend_test.js": "// left out",
        "binding/tfjs_backend.cc": '#include "tensorflow/c/c_api.h"\n#ifndef FAKE_API\n#error "no header"\n#endif\n',
        "binding/tfjs_binding.cc": '#include "node_api.h"\nint made = NODE_API;\n',
      }),
      registries.package("node-api-headers", "1.0.0", { "include/node_api.h": "#define NODE_API 8" }),
    ],
    nvidia: [...shared, nvidia(registries, "nccl", "2.1")],
    diskBytes: 1e6,
  };
  const cuda: Recipe = {
    name: "cuda",
    platforms: here,
    wheel: registries.wheel("onnxruntime_gpu-1.26.0-cp312-cp312-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl", {
      "onnxruntime/capi/libonnxruntime_providers_cuda.so": "no library",
      "onnxruntime/capi/libonnxruntime_providers_shared.so": "no library",
      "onnxruntime/capi/libonnxruntime_providers_tensorrt.so": "left out",
    }),
    packages: [],
    nvidia: shared,
    diskBytes: 1e6,
  };
  return { gpu, cuda };
}
