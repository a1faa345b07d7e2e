/**
 * Lines that native libraries write to stderr despite every setting and that do not concern a notebook's reader:
 * TensorFlow's note on oneDNN, and absl's note on output before its set-up.
 */
const BANNERS =
  /^(?:WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR|I\d{4} .*\] oneDNN custom operations are on\. .*)\r?\n/gm;

/** Returns the text without those lines. */
export function withoutBanners(text: string): string {
  return text.replace(BANNERS, "");
}
