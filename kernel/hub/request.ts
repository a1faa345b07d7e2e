import { sleep } from "../platform/sleep";
import { HubError } from "./errors";
import { LIMITS } from "./patience";
import type { HubSettings } from "./settings";

/** Request to the hub. */
export interface HubRequest {
  method: "GET" | "HEAD";
  url: string;
  headers?: Record<string, string>;
  settings: HubSettings;
  signal?: AbortSignal;
  /** Name of the public function in errors. */
  fn: string;
}

const REDIRECTS = 5;
const RETRIES = 3;
/** Longest pause that is waited for; a longer one is reported. */
const LONGEST_PAUSE_MS = 60_000;
const BUSY = [429, 500, 502, 503, 504];

/**
 * Sends a request, follows redirects, and repeats it where the hub is busy or unreachable. A `HEAD` does not follow to
 * another host, because the first answer's headers suffice.
 *
 * @throws HubError for no answer, or an unsuccessful one
 */
export async function request(question: HubRequest): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    const answer = await follow(question).catch((error: unknown) => unreachable(question, error));
    const pause = answer instanceof HubError ? 2 ** attempt * 100 : pauseOf(answer, attempt);
    const isFinal = attempt === RETRIES || pause === null || pause > LONGEST_PAUSE_MS;
    if (isFinal && answer instanceof HubError) throw answer;
    if (isFinal) return checkStatus(question, answer as Response);
    if (!(answer instanceof HubError)) await answer.body?.cancel();
    await sleep(pause, question.signal);
  }
}

function unreachable({ fn, url, signal }: HubRequest, error: unknown): HubError {
  signal?.throwIfAborted();
  if (error instanceof HubError && error.rule !== NO_ANSWER) throw error;
  if (error instanceof HubError) return error;
  const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  return new HubError(fn, NO_ANSWER, `${url} (${cause?.code ?? cause?.message ?? message})`);
}

/** Rule of errors that the cache may compensate. */
export const NO_ANSWER = "the hub must be reachable";

async function follow(question: HubRequest): Promise<Response> {
  const { fn, method, settings } = question;
  let url = new URL(question.url);
  for (let step = 0; step <= REDIRECTS; step++) {
    const answer = await ask(question, url);
    const location = answer.headers.get("location");
    if (answer.status < 300 || answer.status >= 400 || location === null) return answer;
    const next = redirect(fn, url, location);
    if (method === "HEAD" && next.host !== new URL(settings.endpoint).host) return answer;
    await answer.body?.cancel();
    url = next;
  }
  throw new HubError(fn, `a file may be redirected ${REDIRECTS} times`, question.url);
}

function redirect(fn: string, from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : null;
  const secure = to && (to.protocol === "https:" || (to.protocol === "http:" && from.protocol === "http:"));
  if (!to || !secure) throw new HubError(fn, "a redirect must lead to an equally secure URL", location);
  return to;
}

/** Sends a request. The token goes only to the endpoint's origin. */
async function ask({ method, headers, settings, signal }: HubRequest, url: URL): Promise<Response> {
  const own = url.origin === new URL(settings.endpoint).origin;
  const sent = new Headers({ "accept-encoding": "identity", "user-agent": "fovea", ...headers });
  if (own && settings.token) sent.set("authorization", `Bearer ${settings.token}`);
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(new Error(`no answer in ${LIMITS.idleMs / 1000} s`)), LIMITS.idleMs);
  try {
    return await fetch(url, {
      method,
      redirect: "manual",
      headers: sent,
      signal: signal ? AbortSignal.any([signal, patience.signal]) : patience.signal,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Returns the milliseconds before a retry; null where a retry is pointless. */
function pauseOf(answer: Response, attempt: number): number | null {
  if (!BUSY.includes(answer.status)) return null;
  const asked = answer.headers.get("retry-after");
  if (asked === null) return 2 ** attempt * 100;
  const seconds = Number(asked);
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(asked) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : 2 ** attempt * 100;
}

async function checkStatus({ fn, url, settings }: HubRequest, answer: Response): Promise<Response> {
  const { status, headers } = answer;
  if (status < 400) return answer;
  await answer.body?.cancel();
  throw new HubError(fn, ruleOf(status, headers, settings.token !== null), url, status);
}

function ruleOf(status: number, headers: Headers, hasToken: boolean): string {
  const token = hasToken ? "HF_TOKEN must have access to it" : "HF_TOKEN must be set to a token with access to it";
  const code = headers.get("x-error-code");
  if (code === "GatedRepo") return `the repository is gated, accept its terms on the hub and ${token} (${status})`;
  if (status === 401 || status === 403) return `the repository must exist and be public, or ${token} (${status})`;
  if (code === "RepoNotFound") return "the repository must exist (404)";
  if (code === "RevisionNotFound") return "the revision must exist (404)";
  if (status === 404) return "the file must exist (404)";
  if (status === 416) return "the file must be as long as the hub said (416)";
  if (status === 429) return `the hub asks to wait ${headers.get("retry-after") ?? "some"} seconds (429)`;
  return `the hub must answer with success (${status})`;
}

/** Yields the bytes of an answer as they arrive. */
export async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (!reader) return;
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value;
  } finally {
    // The loop may end early; this closes the connection.
    await reader.cancel().catch(() => {});
  }
}
