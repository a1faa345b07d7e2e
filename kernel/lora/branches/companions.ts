/** Files in a model's folder, besides the weights, that `transformers` needs to load it. */
import { copyFile, readdir, stat } from "../../platform/files";
import { join } from "../../platform/path";

/** Names of those files: sizes and defaults of the model, its tokenizer, and the preparation of pictures. */
const NAMES: ReadonlySet<string> = new Set([
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.json",
  "vocab.txt",
  "merges.txt",
  "tokenizer.model",
  "spiece.model",
  "sentencepiece.bpe.model",
  "chat_template.jinja",
  "chat_template.json",
  "preprocessor_config.json",
  "video_preprocessor_config.json",
  "processor_config.json",
]);

/** Copies these files, never a weight, from one folder to another and returns their names. */
export async function copyCompanions(from: string, to: string): Promise<string[]> {
  const names = (await readdir(from)).filter((name) => NAMES.has(name)).sort();
  const files: string[] = [];
  for (const name of names) {
    // A folder of the hub's cache holds links to files.
    if (!(await stat(join(from, name))).isFile()) continue;
    await copyFile(join(from, name), join(to, name));
    files.push(name);
  }
  return files;
}
