/**
 * Service worker of the site. It gives pages and their workers the headers by which a browser isolates them from other origins, which a
 * plain host does not send: only then do they share memory, and the button Stop ends a loop that never awaits.
 */

/** The part of a service worker's global that is used here; TypeScript's types of pages lack it. */
interface ServiceWorkerScope extends EventTarget {
  readonly registration: { readonly scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
}

interface WaitingEvent extends Event {
  waitUntil(work: Promise<void>): void;
}

interface FetchingEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const HEADERS = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };
/** Destinations of the requests that take part in isolation; all others go their way unseen. */
const ISOLATED: readonly string[] = ["document", "worker"];

const scope = self as unknown as ServiceWorkerScope;
/** JupyterLite has a service worker of its own. */
const lite = new URL("lite/", scope.registration.scope).href;

async function withHeaders(request: Request): Promise<Response> {
  const response = await fetch(request);
  // A redirect that the browser follows by itself has no status and cannot be copied.
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

scope.addEventListener("install", (event) => (event as WaitingEvent).waitUntil(scope.skipWaiting()));
scope.addEventListener("activate", (event) => (event as WaitingEvent).waitUntil(scope.clients.claim()));
scope.addEventListener("fetch", (event) => {
  const { request, respondWith } = event as FetchingEvent;
  if (!ISOLATED.includes(request.destination) || request.url.startsWith(lite)) return;
  respondWith.call(event, withHeaders(request));
});
