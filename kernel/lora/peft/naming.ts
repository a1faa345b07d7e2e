/** Names of modules: those that an adapter's file has, and those of the model beside whose layers it stands. */
import { LoraError } from "../error";
import { storedNames } from "./base-names";
import { parseKey, PREFIX } from "./keys";
import { TOKENS } from "./token-rows";

/** Two names of each module; most are the same. */
export class Naming {
  private readonly inModel: ReadonlyMap<string, string>;

  constructor(private readonly inFile: ReadonlyMap<string, string> = new Map()) {
    this.inModel = new Map([...inFile].map(([path, name]) => [name, path]));
  }

  /** Returns the name in the file of a module of the model. */
  fileName(path: string): string {
    return this.inFile.get(path) ?? path;
  }

  /** Returns the name in the model of a module of the file. */
  modelName(name: string): string {
    return this.inModel.get(name) ?? name;
  }
}

/**
 * Finds the model's modules that a file names otherwise. transformers 5 renamed the layers of its ViTs and of LLaVA in
 * memory, and not in the files of their weights; a model may have either names, and an adapter the other.
 *
 * @throws LoraError where two modules of the file would be one of the model
 */
export function namingOf(fn: string, keys: Iterable<string>, modules: ReadonlySet<string>): Naming {
  const inFile = new Map<string, string>();
  const inverse = new Map([...modules].flatMap((path) => storedNames(path).map((name) => [name, path] as const)));
  for (const name of modulesIn(fn, keys)) {
    if (modules.has(name)) continue;
    const path = storedNames(name).find((one) => modules.has(one)) ?? inverse.get(name);
    if (path === undefined) continue;
    const other = inFile.get(path);
    if (other !== undefined) throw new LoraError(fn, `${other} and another module must not both be ${path}`, name);
    inFile.set(path, name);
  }
  return new Naming(inFile);
}

/** Modules whose tensors a file holds, or a part of them. */
function modulesIn(fn: string, keys: Iterable<string>): Set<string> {
  const names = new Set<string>();
  for (const key of keys) {
    if (!key.startsWith(PREFIX)) continue;
    const { module, tensor } = parseKey(fn, key);
    names.add(tensor === null ? ownerOf(module) : module);
  }
  return names;
}

/** Module of a whole tensor: of a copied module, a bias below the layer, or rows of an embedding. */
const ownerOf = (path: string): string =>
  path.endsWith(TOKENS) ? path.slice(0, -TOKENS.length) : path.replace(/(?:\.base_layer)?\.[^.]+$/, "");
