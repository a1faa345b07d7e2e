/** Texts to token ids, as Hugging Face's `tokenizers` makes them. */
export { type TokenBatch, Tokenizer } from "./tokenizer";
