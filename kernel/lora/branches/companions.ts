/** What the folder of a model holds beside its weights, and `transformers` needs to load it. */
import { copyFile, readdir, stat } from "../../platform/files";
import { join } from "../../platform/path";

/** Sizes and defaults of the model, its tokenizer, and how pictures are prepared for it. */
const NAMES: ReadonlySet<string> = new Set([
  ...["config.json", "generation_config.json"],
  ...["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"],
  ...["vocab.json", "vocab.txt", "merges.txt", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model"],
  ...["chat_template.jinja", "chat_template.json"],
  ...["preprocessor_config.json", "video_preprocessor_config.json", "processor_config.json"],
]);

/** Copies them from a folder to another, never a weight, and returns their names. */
export async function copyCompanions(from: string, to: string): Promise<string[]> {
  const names = (await readdir(from)).filter((name) => NAMES.has(name)).sort();
  const files: string[] = [];
  for (const name of names) {
    // A folder of the hub's cache holds links to its files.
    if (!(await stat(join(from, name))).isFile()) continue;
    await copyFile(join(from, name), join(to, name));
    files.push(name);
  }
  return files;
}
