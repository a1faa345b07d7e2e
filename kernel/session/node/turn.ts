// Cells may replace the globals.
const { Promise, setImmediate } = globalThis;

/** One turn of the event loop, for the session itself: that of the library stops an interrupted cell. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
