// Decides what a visitor sees: set-up, login or the console.
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { Navigate, Outlet, useLocation } from 'react-router';
import { onSessionLost, queryClient, setCsrf } from '@/api/client';
import { loadSession, type Start, sessionKey } from '@/api/session';
import { ErrorState } from '@/widgets/ErrorState';
import { ShellSkeleton } from './Shell';
import { SessionProvider } from './session';

const open = ['/login', '/setup'];

export function Root() {
  const location = useLocation();
  const { data, error, refetch } = useQuery({
    queryKey: sessionKey,
    queryFn: loadSession,
    staleTime: Infinity,
  });

  useEffect(
    () =>
      onSessionLost(() => {
        setCsrf('');
        const before = queryClient.getQueryData<Start>(sessionKey);
        if (before?.state === 'in')
          queryClient.setQueryData<Start>(sessionKey, { ...before, state: 'out', session: undefined });
      }),
    [],
  );

  if (error) return <ErrorState error={error} retry={() => void refetch()} whole />;
  if (!data) return <ShellSkeleton />;
  const here = location.pathname;
  if (data.state === 'setup' && here !== '/setup')
    return <Navigate to={`/setup${location.search}`} replace />;
  if (data.state === 'out' && !open.includes(here)) {
    const next = here === '/' ? '' : `?next=${encodeURIComponent(here + location.search)}`;
    return <Navigate to={`/login${next}`} replace />;
  }
  if (data.session?.mustTOTP && here !== '/login') return <Navigate to="/login" replace />;
  if (open.includes(here) || !data.session) return <Outlet />;
  return (
    <SessionProvider session={data.session}>
      <Outlet />
    </SessionProvider>
  );
}
