// Protect: what a device is, what it does, and what a profile made of its
// first days would allow, proved on the days after.
import { Skeleton } from '@mantine/core';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import { statusOf } from '@/api/problem';
import type { DeviceDetail } from '@/api/types';
import { useNow } from '@/lib/clock';
import { oneOf, useUrlState, whole } from '@/lib/url';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Panel } from '@/widgets/Panel';
import { Allowed } from './Allowed';
import { Details } from './Details';
import { Drift } from './Drift';
import { cutOf } from './history';
import { Lanes } from './Lanes';
import css from './protect.module.css';
import { Saved } from './Saved';
import type { Opened } from './shapes';
import { Verdict } from './Verdict';
import { Who } from './Who';

const fields = {
  days: whole(0, 2, 60),
  learn: whole(0, 1, 59),
  show: oneOf(['proposal', 'saved'], 'proposal'),
};

export default function ProtectTab({ device }: { device: DeviceDetail }) {
  const { t } = useTranslation('protect');
  const [url, change] = useUrlState(fields);
  const [opened, setOpened] = useState<Opened>();
  const [consent, setConsent] = useState<readonly string[]>([]);
  const now = useNow();
  const cut = cutOf(device.first_seen, now, url.days || undefined);
  const learn = Math.min(url.learn || cut.learn, cut.days - 1);
  const { data, error, refetch, isPlaceholderData } = hub.useQuery(
    'get',
    '/api/v1/devices/{id}/protect',
    { params: { path: { id: device.id }, query: { unit: cut.unit, days: cut.days, learn } } },
    {
      placeholderData: keepPreviousData,
      staleTime: 60_000,
      // One look into the event log at a time: the hub says when it is busy.
      retry: (count, e) => (statusOf(e) === 429 || statusOf(e) >= 500) && count < 8,
      retryDelay: 900,
    },
  );
  if (error && !data)
    return (
      <Panel>
        <ErrorState error={error} retry={() => void refetch()} />
      </Panel>
    );
  if (!data)
    return (
      <>
        <p className="sr-only" role="status">
          {t('reading')}
        </p>
        <Skeleton height={190} radius="md" />
        <div className={css.columns}>
          <Skeleton height={420} radius="md" />
          <Skeleton height={420} radius="md" />
          <Skeleton height={420} radius="md" />
        </div>
      </>
    );
  const showSaved = !!data.current && url.show === 'saved';
  const shown = showSaved ? data.current : data.profile;
  return (
    <div className={css.screen} data-busy={isPlaceholderData || undefined}>
      {data.lanes.length === 0 ? (
        <Panel>
          <EmptyState title={t('empty.title')} hint={t('empty.hint')} />
        </Panel>
      ) : (
        <Verdict
          protect={data}
          learn={learn}
          consent={consent}
          firstSeen={device.first_seen}
          busy={isPlaceholderData}
          change={change}
          open={setOpened}
        />
      )}
      {data.current && <Drift device={device} profile={data.current} />}
      <div className={css.columns}>
        <Who device={device} profile={data.profile} />
        <Lanes protect={data} open={setOpened} />
        <Allowed
          protect={data}
          profile={shown}
          saved={showSaved}
          show={(show) => change({ show })}
          consent={consent}
          setConsent={setConsent}
          open={setOpened}
        />
      </div>
      {data.current && <Saved profile={data.current} enforcing={data.enforcing} />}
      {opened && (
        <Details
          opened={opened}
          protect={data}
          device={device.id}
          open={setOpened}
          close={() => setOpened(undefined)}
        />
      )}
    </div>
  );
}
