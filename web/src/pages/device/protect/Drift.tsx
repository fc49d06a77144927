import { Button, Group, Menu } from '@mantine/core';
import { IconBriefcase, IconCheck, IconChevronDown, IconClockPause } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api, hub } from '@/api/client';
import { useLiveRefresh } from '@/api/live';
import { statusOf } from '@/api/problem';
import type { DeviceDetail, Finding } from '@/api/types';
import { useCan } from '@/app/session';
import { SeverityBadge, Tag } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { Ago, Count } from '@/widgets/values';
import css from './protect.module.css';
import { type Profile, paths } from './shapes';

const offProfile = 'behaviour.off-profile';

/** What the device did off its profile; each is accepted, ignored for a time, or taken on. */
export function Drift({ device, profile }: { device: DeviceDetail; profile: Profile }) {
  const { t } = useTranslation('protect');
  useLiveRefresh('finding', ['/api/v1/findings'], 5000);
  const { data } = hub.useQuery('get', '/api/v1/findings', {
    params: {
      query: {
        device: device.id,
        check: [offProfile],
        status: ['open', 'acknowledged'],
        muted: 'false',
        limit: 50,
      },
    },
  });
  if (!data || data.items.length === 0) return null;
  return (
    <Panel title={t('drift.title', { count: data.total })} aside={t('drift.hint')} className={css.drift}>
      <ul className={css.drifts}>
        {data.items.map((f) => (
          <li key={f.id}>
            <SeverityBadge severity={f.severity} />
            <span>
              <Link to={`/findings/${encodeURIComponent(f.id)}`}>{f.title}</Link>
              <span className="dim">
                {' · '}
                <Count value={f.count} />× · <Ago value={f.last_seen} />
              </span>
              {f.status === 'acknowledged' && (
                <>
                  {' '}
                  <Tag tone="accent">{t('drift.taken')}</Tag>
                </>
              )}
            </span>
            <p className={css.quiet}>
              <Inert value={f.explanation} limit={360} />
            </p>
            <Judge finding={f} device={device.id} profile={profile} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Judge({ finding: f, device, profile }: { finding: Finding; device: string; profile: Profile }) {
  const { t } = useTranslation('protect');
  const can = useCan('analyst');
  const [change, busy] = useChange();
  if (!can) return null;
  // The hub looks into the event log once at a time for each person: it may still be at the proposal.
  const send = async (action: 'accept' | 'ignore' | 'case', until?: string) => {
    for (let tries = 0; ; tries++) {
      try {
        return await api.POST('/api/v1/devices/{id}/protect/drift', {
          params: { path: { id: device } },
          body: { finding: f.id, action, until },
        });
      } catch (e) {
        if (statusOf(e) !== 429 || tries >= 6) throw e;
        await new Promise((done) => setTimeout(done, 1000));
      }
    }
  };
  const reopen = () =>
    api.PATCH('/api/v1/findings/{id}', { params: { path: { id: f.id } }, body: { status: 'open' } });
  const accept = () =>
    void change(() => send('accept'), {
      paths,
      message: t('drift.accepted'),
      undo: async () => {
        await api.POST('/api/v1/profiles/{id}/rollback', {
          params: { path: { id: profile.id } },
          body: { revision: profile.revision },
        });
        await reopen();
      },
    });
  const ignore = (days: number) => {
    let mute = '';
    void change(
      async () => {
        const { data } = await send('ignore', new Date(Date.now() + days * 86_400_000).toISOString());
        mute = data?.mute ?? '';
      },
      {
        paths,
        message: t('drift.ignored', { count: days }),
        undo: () => api.DELETE('/api/v1/mutes/{id}', { params: { path: { id: mute } } }),
      },
    );
  };
  return (
    <Group gap={6} wrap="nowrap">
      <Button
        size="compact-sm"
        loading={busy}
        disabled={profile.origin === 'file'}
        leftSection={<IconCheck size={14} aria-hidden />}
        onClick={accept}
      >
        {t('drift.accept')}
      </Button>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconClockPause size={14} aria-hidden />}
            rightSection={<IconChevronDown size={12} aria-hidden />}
          >
            {t('drift.ignore')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {[1, 7, 30, 90].map((count) => (
            <Menu.Item key={count} onClick={() => ignore(count)}>
              {t('drift.for', { count })}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {f.status !== 'acknowledged' && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconBriefcase size={14} aria-hidden />}
          onClick={() => void change(() => send('case'), { paths, message: t('drift.opened'), undo: reopen })}
        >
          {t('drift.case')}
        </Button>
      )}
    </Group>
  );
}
