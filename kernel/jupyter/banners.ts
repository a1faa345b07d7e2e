/**
 * Lines that native libraries write to stderr below every setting that would silence them, and that tell a notebook's reader
 * nothing: TensorFlow's note on oneDNN, and absl's on where it writes before it is set up.
 */
const BANNERS =
  /^(?:WARNING: All log messages before absl::InitializeLog\(\) is called are written to STDERR|I\d{4} .*\] oneDNN custom operations are on\. .*)\r?\n/gm;

/** Text without those lines. */
export function withoutBanners(text: string): string {
  return text.replace(BANNERS, "");
}
