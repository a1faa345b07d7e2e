import assert from "node:assert/strict";
import { it } from "node:test";
import { withoutBanners } from "../../kernel/jupyter/session-process.ts";

it("leaves out what TensorFlow prints when it is loaded, and nothing that a cell prints", () => {
  const banner =
    "WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n" +
    "I0000 00:00:1795358203.156822   10999 port.cc:153] oneDNN custom operations are on. You may see " +
    "slightly different numerical results, set the environment variable `TF_ENABLE_ONEDNN_OPTS=0`.\n";
  const own =
    "WARNING: All log messages are mine\nE0000 00:00 port.cc:1] cannot load\n  oneDNN custom operations are on. ";
  assert.equal(withoutBanners(`first\n${banner}${own}`), `first\n${own}`);
  assert.equal(withoutBanners(own), own);
});
