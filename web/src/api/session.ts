import type { Session } from '@/app/session';
import { api, queryClient, setCsrf } from './client';
import { statusOf } from './problem';
import type { components } from './schema';

export type Me = components['schemas']['Me'];

export const sessionKey = ['session'] as const;

/** What the console must know before it shows anything. */
export interface Start {
  state: 'setup' | 'out' | 'in';
  session?: Session;
  /** The words on the single-sign-on button; empty when there is none. */
  oidc: string;
  version: string;
}

function sessionOf(me: Me): Session {
  return {
    name: me.name,
    display: me.display,
    role: me.role,
    rights: me.rights,
    sites: me.sites,
    seen: me.seen,
    mustTOTP: me.must_totp,
  };
}

/** Asks whether the hub has been set up and who is logged in. */
export async function loadSession(): Promise<Start> {
  const [setup, me] = await Promise.all([
    api.GET('/api/v1/setup'),
    api.GET('/api/v1/session').catch((e: unknown) => {
      if (statusOf(e) === 401) return { data: undefined };
      throw e;
    }),
  ]);
  const start = { oidc: setup.data?.oidc ?? '', version: setup.data?.version ?? '' };
  if (me.data) return { ...start, state: 'in', ...enter(me.data) };
  return { ...start, state: setup.data?.needed ? 'setup' : 'out' };
}

function enter(me: Me): { session: Session } {
  setCsrf(me.csrf);
  return { session: sessionOf(me) };
}

/** Takes over the session that a login or the set-up has made. */
export function begin(me: Me): void {
  const before = queryClient.getQueryData<Start>(sessionKey);
  queryClient.setQueryData<Start>(sessionKey, {
    oidc: before?.oidc ?? '',
    version: before?.version ?? '',
    state: 'in',
    ...enter(me),
  });
}

/** Ends the session and forgets everything that was loaded with it. */
export async function logout(): Promise<void> {
  await api.DELETE('/api/v1/session');
  window.location.assign('/login');
}
