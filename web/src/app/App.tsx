import { localStorageColorSchemeManager, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { Suspense } from 'react';
import { RouterProvider } from 'react-router';
import { queryClient } from '@/api/client';
import { theme } from '@/theme/theme';
import { ConfirmProvider } from '@/widgets/confirm';
import { cspNonce } from './nonce';
import type { makeRouter } from './routes';
import { ShellSkeleton } from './Shell';

const schemes = localStorageColorSchemeManager({ key: 'edgeward.scheme' });

export function App({ router }: { router: ReturnType<typeof makeRouter> }) {
  return (
    <MantineProvider
      theme={theme}
      colorSchemeManager={schemes}
      defaultColorScheme="auto"
      getStyleNonce={cspNonce}
    >
      <QueryClientProvider client={queryClient}>
        <ConfirmProvider>
          <Suspense fallback={<ShellSkeleton />}>
            <RouterProvider router={router} />
          </Suspense>
        </ConfirmProvider>
        <Notifications position="bottom-right" limit={4} />
      </QueryClientProvider>
    </MantineProvider>
  );
}
