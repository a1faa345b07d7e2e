/** The library for a bundler: the same namespaces as in Node, with the parts of a browser in place. */
export * from "../index";
