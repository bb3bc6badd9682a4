/** One door for HTTP: asks the gateway, same origin, and turns a bad answer into an ApiError. */

/** `status` is the HTTP status, or null when the gateway could not be reached at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number | null,
    readonly path: string,
    /** What the gateway says of it: thing, value, limit and what to do; null where it says nothing. */
    readonly reason: string | null,
    otherwise = '',
  ) {
    super(reason ?? otherwise);
  }

  /** True when asking again can help: the gateway was unreachable or overloaded, not refusing. */
  get retryable(): boolean {
    return this.status === null || this.status >= 500 || this.status === 429;
  }
}

const TIMEOUT_MS = 10_000;

/** Reads; `signal` ends the wait when nobody looks any more. */
export async function getJson<Answer>(path: string, signal: AbortSignal): Promise<Answer> {
  try {
    return await ask<Answer>(path, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw cause;
  }
}

/** Commands in the name of who is signed in. The same key may be sent again: the gateway does it once. */
export function postCommand<Answer>(path: string, key: string, body?: unknown): Promise<Answer> {
  const headers = { 'Idempotency-Key': key };
  return ask<Answer>(path, { ...jsonRequest(body, headers), signal: AbortSignal.timeout(TIMEOUT_MS) });
}

/** Sends what needs no key: a question too long for an address, or what a repeat does not do twice. */
export function postQuestion<Answer>(path: string, body: unknown): Promise<Answer> {
  return ask<Answer>(path, { ...jsonRequest(body, {}), signal: AbortSignal.timeout(TIMEOUT_MS) });
}

function jsonRequest(body: unknown, headers: Record<string, string>): RequestInit {
  if (body === undefined) return { method: 'POST', headers };
  return { method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
}

/** A random UUID; `crypto.randomUUID` is missing where the plant network has no https. */
export function commandKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte, index) =>
    (index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte).toString(16).padStart(2, '0'),
  );
  return hex.join('').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

async function ask<Answer>(path: string, request: RequestInit): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(path, { ...request, headers: { Accept: 'application/json', ...request.headers } });
  } catch (cause) {
    throw new ApiError(null, path, null, cause instanceof Error ? cause.message : String(cause));
  }
  if (!response.ok) {
    throw new ApiError(response.status, path, await detailOf(response), `${response.status} ${response.statusText}`);
  }
  if (!response.headers.get('content-type')?.includes('json')) {
    throw new ApiError(response.status, path, null, 'the answer is not JSON');
  }
  return (await response.json()) as Answer;
}

async function detailOf(response: Response): Promise<string | null> {
  const body: unknown = await response.json().catch(() => null);
  const said = typeof body === 'object' && body !== null && 'detail' in body ? body.detail : null;
  return typeof said === 'string' ? said : null;
}
