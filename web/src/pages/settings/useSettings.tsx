import { Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import { hub } from '@/api/client';
import type { components } from '@/api/schema';
import { ErrorState } from '@/widgets/ErrorState';

export type SettingsDocument = components['schemas']['Settings'];
export const settingsPaths = ['/api/v1/settings'] as const;

/** Loads the settings and shows what depends on them. */
export function WithSettings({ children }: { children: (settings: SettingsDocument) => ReactNode }) {
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/settings');
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={260} radius="md" />;
  return children(data);
}
