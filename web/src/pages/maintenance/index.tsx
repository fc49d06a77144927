// What is expected or hidden for a while: windows of maintenance and mutes,
// who set them, whom they are about and until when.
import { Button, Skeleton, Tabs } from '@mantine/core';
import { IconCalendarClock, IconPlus, IconVolumeOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { hub } from '@/api/client';
import { useCan } from '@/app/session';
import { flag, oneOf, useUrlState } from '@/lib/url';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Needs } from '@/widgets/Needs';
import { Page } from '@/widgets/Page';
import { Panel } from '@/widgets/Panel';
import { PolicyTable } from './PolicyTable';
import { WindowForm } from './WindowForm';

const fields = { tab: oneOf(['windows', 'mutes'], 'windows'), all: flag(), announce: flag() };

export default function Maintenance() {
  const { t } = useTranslation('maintenance');
  const [state, change] = useUrlState(fields);
  const analyst = useCan('analyst');
  const announce = () => change({ announce: true }, true);
  return (
    <Page
      title={t('title')}
      subtitle={t('subtitle')}
      actions={
        analyst && (
          <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={announce}>
            {t('announce')}
          </Button>
        )
      }
    >
      <Tabs value={state.tab} onChange={(tab) => change({ tab: tab as typeof state.tab })}>
        <Tabs.List mb="md">
          <Tabs.Tab value="windows">{t('tabs.windows')}</Tabs.Tab>
          <Tabs.Tab value="mutes">{t('tabs.mutes')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="windows">
          <List path="/api/v1/maintenance" all={state.all} setAll={(all) => change({ all })}>
            <EmptyState icon={IconCalendarClock} title={t('windows.none')} hint={t('windows.hint')}>
              {analyst && <Button onClick={announce}>{t('announce')}</Button>}
            </EmptyState>
          </List>
        </Tabs.Panel>
        <Tabs.Panel value="mutes">
          <List path="/api/v1/mutes" all={state.all} setAll={(all) => change({ all })}>
            <EmptyState icon={IconVolumeOff} title={t('mutes.none')} hint={t('mutes.hint')}>
              <Link to="/findings">{t('mutes.go')}</Link>
            </EmptyState>
          </List>
        </Tabs.Panel>
      </Tabs>
      <Needs least="analyst" what={t('changing')} />
      {state.announce && analyst && <WindowForm close={() => change({ announce: false })} />}
    </Page>
  );
}

interface ListProps {
  path: '/api/v1/maintenance' | '/api/v1/mutes';
  all: boolean;
  setAll: (all: boolean) => void;
  /** Shown when there are none. */
  children: React.ReactNode;
}

function List({ path, all, setAll, children }: ListProps) {
  const { t } = useTranslation('maintenance');
  const { data, error, refetch } = hub.useQuery('get', path, { params: { query: {} } });
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={180} radius="md" />;
  const now = Date.now();
  // Windows that have yet to come count as current.
  const past = data.items.filter((p) => p.expires !== null && Date.parse(p.expires) <= now);
  const shown = all ? data.items : data.items.filter((p) => !past.includes(p));
  return (
    <Panel flush>
      {shown.length === 0 ? children : <PolicyTable path={path} policies={shown} />}
      {past.length > 0 && (
        <Button variant="subtle" size="xs" m="xs" onClick={() => setAll(!all)}>
          {all ? t('hidePast') : t('showPast', { count: past.length })}
        </Button>
      )}
    </Panel>
  );
}
