/** The kernel's answer to `kernel_info_request`, the same in Node and in a page. */
import { PROTOCOL_VERSION, type Content } from "./messages";

export interface KernelVersions {
  fovea: string;
  /** Version of the cells' TypeScript. */
  typescript: string;
  /** The engine that runs the cells, with its version where it has one. */
  engine: string;
}

/** Returns the content of a `kernel_info_reply`. */
export const describeKernel = ({ fovea, typescript, engine }: KernelVersions): Content => ({
  status: "ok",
  protocol_version: PROTOCOL_VERSION,
  implementation: "fovea",
  implementation_version: fovea,
  language_info: {
    name: "typescript",
    version: typescript,
    mimetype: "text/x-typescript",
    file_extension: ".ts",
    pygments_lexer: "typescript",
    codemirror_mode: { name: "javascript", typescript: true },
    nbconvert_exporter: "script",
  },
  banner: `Fovea ${fovea} (TypeScript ${typescript}, ${engine})`,
  debugger: false,
  supported_features: [],
  help_links: [
    { text: "TypeScript", url: "https://www.typescriptlang.org/docs/" },
    { text: "Node.js", url: "https://nodejs.org/docs/latest-v20.x/api/" },
  ],
});
