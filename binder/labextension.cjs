/**
 * Configuration of `jupyter-builder` beside its own. The protocol comes as ES modules, so that the entry has only the part that it uses; what
 * several viewers need stands once, in a chunk that the first of them loads.
 */
// eslint-disable-next-line @typescript-eslint/no-require-imports -- the builder itself requires this file
const { join } = require("node:path");

/** Pages of files load in chunks of their own, never with a notebook. */
const SHARED = /[\\/]extension[\\/]lib[\\/](?!files[\\/])/;
const protocol = join(__dirname, "..", "extension", "lib", "fovea", "protocol", "index.js");

module.exports = {
  resolve: { alias: { "fovea/protocol$": protocol } },
  optimization: {
    splitChunks: {
      cacheGroups: { viewers: { chunks: "async", test: SHARED, name: "viewers", minChunks: 2, minSize: 0 } },
    },
  },
};
