import { Button, Menu, Skeleton, Tabs } from '@mantine/core';
import {
  IconArrowMerge,
  IconArrowsSplit,
  IconChevronDown,
  IconPencil,
  IconShieldCheck,
} from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, useParams } from 'react-router';
import { hub } from '@/api/client';
import { useLiveRefresh } from '@/api/live';
import type { DeviceDetail } from '@/api/types';
import { useCan } from '@/app/session';
import { useKeys } from '@/app/shortcuts';
import { useStrip } from '@/lib/strip';
import { oneOf, useUrlState } from '@/lib/url';
import { typeName } from '@/lib/words';
import { editDevices, refreshDevices } from '@/pages/devices/edit';
import { Tag } from '@/widgets/badges';
import { sayError, sayUndo } from '@/widgets/confirm';
import { ErrorState } from '@/widgets/ErrorState';
import { Page } from '@/widgets/Page';
import { Ago } from '@/widgets/values';
import css from './device.module.css';
import { FindingsTab } from './FindingsTab';
import { IdentityTab } from './Identity';
import { PeersTab } from './Peers';
import { ServicesTab } from './Services';
import { Summary } from './Summary';
import { TimelineTab } from './Timeline';
import { TrafficTab } from './TrafficTab';

const EditDrawer = lazy(() => import('./EditDrawer'));
const ProtectTab = lazy(() => import('./protect'));
const MergeDialog = lazy(() => import('./MergeDialog'));
const SplitDialog = lazy(() => import('./SplitDialog'));

const tabs = ['identity', 'protect', 'findings', 'services', 'peers', 'timeline', 'traffic'] as const;
const fields = { tab: oneOf(tabs, 'identity') };

export default function Device() {
  const { t } = useTranslation(['device', 'devices', 'common', 'types']);
  const { id = '' } = useParams();
  const [{ tab }, setUrl] = useUrlState(fields);
  const strip = useStrip<HTMLDivElement>(tab);
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/devices/{id}', { params: { path: { id } } });
  useLiveRefresh('device', ['/api/v1/devices/{id}', '/api/v1/devices/{id}/timeline'], 10_000);
  if (error && !data)
    return (
      <Page title={t('title')}>
        <ErrorState error={error} retry={() => void refetch()} />
      </Page>
    );
  if (!data)
    return (
      <Page title={t('title')}>
        <Skeleton height={520} />
      </Page>
    );
  if (data.merged_to) return <Navigate to={`/devices/${encodeURIComponent(data.merged_to)}`} replace />;
  const open = data.findings.critical + data.findings.high + data.findings.medium + data.findings.low;
  const counts: Partial<Record<(typeof tabs)[number], number>> = {
    findings: open + data.findings.info,
    services: data.services.length,
    peers: data.peer_count,
  };
  return (
    <Page
      title={data.label}
      aside={
        <>
          <Tag>{typeName(t, data.type)}</Tag>
          {!data.trusted && <Tag tone="accent">{t('devices:unreviewed')}</Tag>}
          {data.safety && <Tag tone="warn">{t(`devices:safety.${data.safety}`)}</Tag>}
          {data.learning.state === 'learning' && <Tag>{t('devices:learning.learning')}</Tag>}
        </>
      }
      subtitle={
        <>
          <span className="mono">{data.ips[0] ?? data.mac}</span> · {t('lastSeen')}{' '}
          <Ago value={data.last_seen} />
        </>
      }
      actions={<Actions device={data} />}
    >
      <div className={css.columns} data-whole={tab === 'protect' || undefined}>
        <Tabs
          value={tab}
          onChange={(v) => setUrl({ tab: tabs.find((x) => x === v) })}
          className={css.tabs}
          activateTabWithKeyboard={false}
        >
          <Tabs.List ref={strip} className={css.tabList}>
            {tabs.map((x) => (
              <Tabs.Tab key={x} value={x}>
                {t(`tab.${x}`)}
                {!!counts[x] && <span className={css.count}>{counts[x]}</span>}
              </Tabs.Tab>
            ))}
          </Tabs.List>
          <Tabs.Panel value="identity">
            <IdentityTab device={data} />
          </Tabs.Panel>
          <Tabs.Panel value="protect">
            {tab === 'protect' && (
              <Suspense fallback={<Skeleton height={420} radius="md" />}>
                <ProtectTab device={data} />
              </Suspense>
            )}
          </Tabs.Panel>
          <Tabs.Panel value="findings">
            <FindingsTab device={data} />
          </Tabs.Panel>
          <Tabs.Panel value="services">
            <ServicesTab device={data} />
          </Tabs.Panel>
          <Tabs.Panel value="peers">
            <PeersTab device={data} />
          </Tabs.Panel>
          <Tabs.Panel value="timeline">
            <TimelineTab device={data} />
          </Tabs.Panel>
          <Tabs.Panel value="traffic">
            <TrafficTab device={data} />
          </Tabs.Panel>
        </Tabs>
        {tab !== 'protect' && <Summary device={data} />}
      </div>
    </Page>
  );
}

function Actions({ device }: { device: DeviceDetail }) {
  const { t } = useTranslation(['device', 'devices', 'common']);
  const can = useCan('analyst');
  const [dialog, setDialog] = useState<'edit' | 'merge' | 'split'>();
  const close = () => setDialog(undefined);
  const trust = async () => {
    try {
      const { undo } = await editDevices([device.id], { trusted: !device.trusted });
      refreshDevices();
      if (undo) sayUndo(t('devices:bulk.done', { count: 1 }), undo);
    } catch (e) {
      sayError(e);
    }
  };
  useKeys({ e: () => can && setDialog('edit') });
  const hunt = (
    <Button component={Link} to={`/hunt?device=${encodeURIComponent(device.id)}`} variant="default">
      {t('hunt')}
    </Button>
  );
  if (!can) return hunt;
  return (
    <>
      {hunt}
      <Button
        variant="default"
        leftSection={<IconShieldCheck size={16} aria-hidden />}
        onClick={() => void trust()}
      >
        {t(device.trusted ? 'devices:bulk.untrust' : 'devices:bulk.trust')}
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>
            {t('common:more')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconArrowMerge size={16} />} onClick={() => setDialog('merge')}>
            {t('merge.open')}
          </Menu.Item>
          <Menu.Item
            leftSection={<IconArrowsSplit size={16} />}
            disabled={device.tenures.length < 2}
            onClick={() => setDialog('split')}
          >
            {t('split.open')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Button leftSection={<IconPencil size={16} aria-hidden />} onClick={() => setDialog('edit')}>
        {t('common:edit')}
      </Button>
      <Suspense fallback={null}>
        {dialog === 'edit' && <EditDrawer device={device} close={close} />}
        {dialog === 'merge' && <MergeDialog device={device} close={close} />}
        {dialog === 'split' && <SplitDialog device={device} close={close} />}
      </Suspense>
    </>
  );
}
