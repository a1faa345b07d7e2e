/** Source of a regular expression that matches exactly a text, with and without the flag `u`; not for use inside `[]`. */
export function literalPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
