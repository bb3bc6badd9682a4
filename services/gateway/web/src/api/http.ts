/** One door for HTTP: asks the gateway, same origin, and turns a bad answer into an ApiError. */

/** `status` is the HTTP status, or null when the gateway could not be reached at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly status: number | null,
    readonly path: string,
    detail: string,
  ) {
    super(detail);
  }

  /** True when asking again can help: the gateway was unreachable or overloaded, not refusing. */
  get retryable(): boolean {
    return this.status === null || this.status >= 500 || this.status === 429;
  }
}

const TIMEOUT_MS = 10_000;

export async function getJson<Answer>(path: string, signal: AbortSignal): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(path, {
      headers: { Accept: 'application/json' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ApiError(null, path, cause instanceof Error ? cause.message : String(cause));
  }
  if (!response.ok) throw new ApiError(response.status, path, response.statusText);
  if (!response.headers.get('content-type')?.includes('json')) {
    throw new ApiError(response.status, path, 'the answer is not JSON');
  }
  return (await response.json()) as Answer;
}
