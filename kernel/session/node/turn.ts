// Cells may replace the globals.
const { setImmediate } = globalThis;

/** Calls back after one turn of the event loop, for the session itself: that of the library stops an interrupted cell. */
export const onTurn = (body: () => void): void => void setImmediate(body);
