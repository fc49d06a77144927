import type { Session } from '@/app/session';
import { api, setCsrf } from './client';

export const sessionKey = ['session'] as const;

/** What the console must know before it shows anything. */
export interface Start {
  state: 'setup' | 'out' | 'in';
  session?: Session;
  /** The words on the single-sign-on button, when there is one. */
  oidc?: string;
}

export async function loadSession(): Promise<Start> {
  const { data } = await api.GET('/api/v1/session', {});
  setCsrf(data?.csrf ?? '');
  return data as Start;
}

/** Ends the session and forgets everything that was loaded with it. */
export async function logout(): Promise<void> {
  await api.DELETE('/api/v1/session', {});
  window.location.assign('/login');
}
