// Who is logged in. The session is asked for once at the start; a 401 on any
// later call ends it.
import { createContext, type ReactNode, useContext } from 'react';
import { type Role, roles } from './nav';

export interface Session {
  name: string;
  display: string;
  role: Role;
  rights: string[];
  /** Sites that the person may see; empty for all. */
  sites: string[];
  /** Up to when changes were seen. */
  seen: string | null;
  /** A second factor must be set up before anything else. */
  mustTOTP: boolean;
}

const SessionContext = createContext<Session | undefined>(undefined);

export function SessionProvider({ session, children }: { session: Session; children: ReactNode }) {
  return <SessionContext value={session}>{children}</SessionContext>;
}

/** The session of the person logged in; only inside of the shell. */
export function useSession(): Session {
  const s = useContext(SessionContext);
  if (!s) throw new Error('useSession outside of the shell');
  return s;
}

export function atLeast(role: Role, least: Role): boolean {
  return roles.indexOf(role) >= roles.indexOf(least);
}

/** Whether the person may do what a role may. Hide or disable what is not theirs. */
export function useCan(least: Role): boolean {
  return atLeast(useSession().role, least);
}

export function useRight(right: string): boolean {
  return useSession().rights.includes(right);
}
