/** Conversion of texts to token ids, as in Hugging Face's `tokenizers`. */
export { type TokenBatch, Tokenizer } from "./tokenizer";
