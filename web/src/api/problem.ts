/** What the hub says when something went wrong (RFC 9457), or what stood in the way of asking. */
export class ApiError extends Error {
  readonly status: number; // 0 when there was no answer
  readonly detail: string;
  readonly fields: { where: string; message: string }[];
  /** The last part of the problem's type, such as "totp" or "conflict"; empty when there is none. */
  readonly kind: string;

  constructor(
    status: number,
    title: string,
    detail = '',
    fields: { where: string; message: string }[] = [],
    kind = '',
  ) {
    super(detail || title);
    this.name = 'ApiError';
    this.status = status;
    this.detail = detail;
    this.fields = fields;
    this.kind = kind;
  }
}

/** Makes an ApiError of an answer's body; anything that is no problem document gives its status only. */
export function problemOf(status: number, statusText: string, body: unknown): ApiError {
  if (!body || typeof body !== 'object') return new ApiError(status, statusText || `HTTP ${status}`);
  const p = body as { type?: unknown; title?: unknown; detail?: unknown; errors?: unknown };
  const fields: { where: string; message: string }[] = [];
  if (Array.isArray(p.errors)) {
    for (const e of p.errors.slice(0, 20) as { location?: unknown; message?: unknown }[]) {
      if (e && typeof e.message === 'string')
        fields.push({ where: typeof e.location === 'string' ? e.location : '', message: e.message });
    }
  }
  return new ApiError(
    status,
    typeof p.title === 'string' ? p.title : statusText,
    typeof p.detail === 'string' ? p.detail : '',
    fields,
    typeof p.type === 'string' && p.type.startsWith('urn:edgeward:problem:') ? p.type.slice(21) : '',
  );
}

/** The status of an error of any kind; 0 for those that are no answer of the hub. */
export function statusOf(error: unknown): number {
  return error instanceof ApiError ? error.status : 0;
}
