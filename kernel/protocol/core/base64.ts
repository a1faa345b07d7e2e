// Node and browsers both have these; the room is compiled without the types of either.
declare function btoa(binary: string): string;
declare function atob(base64: string): string;

/** Base64 with what both Node and the browser have. */

const CHUNK = 0x8000;

export function base64Encode(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += CHUNK) binary += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  return btoa(binary);
}

/** @throws DOMException when the text is no base64. */
export function base64Decode(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
