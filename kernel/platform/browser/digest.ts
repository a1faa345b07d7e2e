/** Digests in pieces and at once: Web Crypto has them only for whole messages, and later. */
import { sha1 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import type { Digest } from "../types";

const encoder = new TextEncoder();

export function startDigest(algorithm: "sha256" | "sha1"): Digest {
  const state = (algorithm === "sha256" ? sha256 : sha1).create();
  const digest: Digest = {
    update(data) {
      const bytes =
        typeof data === "string"
          ? encoder.encode(data)
          : new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
      state.update(bytes);
      return digest;
    },
    digest: () => bytesToHex(state.digest()),
  };
  return digest;
}
