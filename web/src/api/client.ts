// The one way to the hub. Types come from its OpenAPI document (npm run api).
//
//   const devices = hub.useQuery('get', '/api/v1/devices', { params: { query } });
//   const edit = hub.useMutation('patch', '/api/v1/devices/{id}');
//   const { data } = await api.GET('/api/v1/devices/{id}', { params: { path: { id } } });
//
// Every failure is an ApiError, so that components can show it as it is.
import { QueryClient } from '@tanstack/react-query';
import createFetchClient, { type Middleware } from 'openapi-fetch';
import createQueryHooks from 'openapi-react-query';
import { ApiError, problemOf, statusOf } from './problem';
import type { paths } from './schema';

let csrf = '';

/** Sets the token that every change must carry; the session gives it. */
export function setCsrf(token: string): void {
  csrf = token;
}

export function csrfHeaders(): Record<string, string> {
  return csrf ? { 'X-CSRF-Token': csrf } : {};
}

const lostListeners = new Set<() => void>();

/** Calls back when the hub says that nobody is logged in any more. */
export function onSessionLost(listener: () => void): () => void {
  lostListeners.add(listener);
  return () => lostListeners.delete(listener);
}

const guard: Middleware = {
  onRequest({ request }) {
    if (csrf && request.method !== 'GET' && request.method !== 'HEAD')
      request.headers.set('X-CSRF-Token', csrf);
    return request;
  },
  async onResponse({ response, schemaPath }) {
    if (response.ok) return undefined;
    let body: unknown;
    try {
      body = await response.json();
    } catch {
      body = undefined;
    }
    if (response.status === 401 && schemaPath !== '/api/v1/session') for (const l of lostListeners) l();
    throw problemOf(response.status, response.statusText, body);
  },
  onError({ error }) {
    return error instanceof ApiError ? error : new ApiError(0, 'unreachable');
  },
};

export const api = createFetchClient<paths>({
  baseUrl: '/',
  credentials: 'same-origin',
  querySerializer: { array: { style: 'form', explode: true } },
});
api.use(guard);

/** React hooks over the same client. */
export const hub = createQueryHooks(api);

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      gcTime: 5 * 60_000,
      refetchOnWindowFocus: false, // live events say when something changed
      retry: (count, error) => {
        const status = statusOf(error);
        return count < 2 && (status === 0 || status >= 500);
      },
    },
    mutations: { retry: false },
  },
});
