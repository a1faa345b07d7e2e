/** A notebook as a page: for the command line and for the site. */
export { browserCell, changesOf, type BrowserCell, type Change } from "./browser-cell";
export { type PublishedDocument, publishNotebook, type PublishOptions } from "./document";
export { PublishError } from "./error";
export type { Heading } from "./markdown";
export { type Notebook, readNotebook } from "./notebook";
export { write, type WritePageOptions, type WrittenPage } from "./write";
