/** Run of a cell that goes on behind a reload. */
export interface Pending {
  /** Position of the cell that was asked for. */
  cell: number;
  /** True for the full settings of heavy cells. */
  isFull: boolean;
}

/** Key of the session's storage, for each page. */
const key = (): string => `fovea-run ${location.pathname}`;
const PATIENCE_MS = 3000;

/**
 * Loads the page anew, isolated from other origins: its service worker then adds the headers that a plain host does not send. Returns
 * false where the page is isolated already, or where the browser allows no service worker; the cells run without it, too.
 */
export async function reloadIsolated(script: string, pending: Pending): Promise<boolean> {
  if (crossOriginIsolated || !("serviceWorker" in navigator)) return false;
  try {
    await navigator.serviceWorker.register(script);
    await Promise.race([navigator.serviceWorker.ready, late()]);
    sessionStorage.setItem(key(), JSON.stringify(pending));
  } catch {
    return false;
  }
  location.reload();
  return true;
}

const late = (): Promise<never> =>
  new Promise((_, reject) => setTimeout(() => reject(new Error("no service worker in time")), PATIENCE_MS));

/** Takes what {@link reloadIsolated} left for the page behind the reload. */
export function takePending(): Pending | null {
  try {
    const stored = sessionStorage.getItem(key());
    sessionStorage.removeItem(key());
    const { cell, isFull } = JSON.parse(stored ?? "null") as Pending;
    return Number.isInteger(cell) ? { cell, isFull: isFull === true } : null;
  } catch {
    return null;
  }
}
