import { Button, SegmentedControl, TextInput } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { hub } from '@/api/client';
import type { Device, Finding } from '@/api/types';
import { usePrefs } from '@/lib/prefs';
import { fromInput, parseRange, toInput } from '@/lib/range';
import { text, useUrlState } from '@/lib/url';
import { typeName } from '@/lib/words';
import { SeverityBadge, Tag } from '@/widgets/badges';
import { say, sayError } from '@/widgets/confirm';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Page } from '@/widgets/Page';
import { PageSkeleton } from '@/widgets/PageSkeleton';
import { Panel } from '@/widgets/Panel';
import { Ago, Count, Time } from '@/widgets/values';
import css from './changes.module.css';

const fields = { since: text() };
const words = ['', '8h', '24h', '7d'] as const;

/** What happened since the last visit, the shift's beginning, or another time. */
export default function Changes() {
  const { t } = useTranslation(['changes', 'common', 'types']);
  const [{ since }, setUrl] = useUrlState(fields);
  const from = parseRange(since, Date.now())?.from ?? (Number.isNaN(Date.parse(since)) ? undefined : since);
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/changes', {
    params: { query: { since: from } },
  });
  const seen = hub.useMutation('patch', '/api/v1/session', {
    onSuccess: () => {
      say(t('marked'));
      void refetch();
    },
    onError: sayError,
  });
  const quiet =
    data &&
    [
      data.new_devices,
      data.gone_devices,
      data.new_findings,
      data.resolved_findings,
      data.reopened_findings,
    ].every((p) => p.total === 0) &&
    data.actions.length === 0 &&
    data.sensors.length === 0;
  return (
    <Page
      title={t('title')}
      subtitle={
        data && (
          <>
            {t('since')} <Time value={data.since} />
          </>
        )
      }
      actions={
        <>
          <Since value={since} set={(v) => setUrl({ since: v })} />
          <Button
            leftSection={<IconCheck size={16} aria-hidden />}
            loading={seen.isPending}
            disabled={!data?.until}
            onClick={() => seen.mutate({ body: { seen: data?.until ?? undefined } })}
          >
            {t('mark')}
          </Button>
        </>
      }
    >
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <PageSkeleton />
      ) : quiet ? (
        <Panel>
          <EmptyState icon={IconCheck} title={t('quiet')} hint={t('quietHint')} />
        </Panel>
      ) : (
        <div className={css.columns}>
          <Section title={t('newFindings')} total={data.new_findings.total} to={findings(data.since)}>
            {data.new_findings.items.map((f) => (
              <FindingRow key={f.id} finding={f} time={f.first_seen} />
            ))}
          </Section>
          <Section title={t('newDevices')} total={data.new_devices.total} to={devices(data.since)}>
            {data.new_devices.items.map((d) => (
              <DeviceRow key={d.id} device={d} time={d.first_seen} />
            ))}
          </Section>
          <Section title={t('reopened')} total={data.reopened_findings.total}>
            {data.reopened_findings.items.map((f) => (
              <FindingRow key={f.id} finding={f} time={f.last_seen} />
            ))}
          </Section>
          <Section title={t('resolved')} total={data.resolved_findings.total}>
            {data.resolved_findings.items.map((f) => (
              <FindingRow key={f.id} finding={f} time={f.updated} />
            ))}
          </Section>
          <Section title={t('gone')} total={data.gone_devices.total}>
            {data.gone_devices.items.map((d) => (
              <DeviceRow key={d.id} device={d} time={d.last_seen} />
            ))}
          </Section>
          <Section title={t('sensors')} total={data.sensors.length} to="/sensors">
            {data.sensors.map((s) => (
              <li key={s.id}>
                <Link to={`/sensors?sensor=${encodeURIComponent(s.id)}`}>
                  <b className="truncate">{s.name || s.id}</b>
                  <Tag tone={s.state === 'ok' ? 'good' : 'warn'}>{s.problem || t(`state.${s.state}`)}</Tag>
                  <Ago value={s.seen} />
                </Link>
              </li>
            ))}
          </Section>
          <Section title={t('actions')} total={data.actions.length} to="/audit">
            {data.actions.map((e) => (
              <li key={e.seq}>
                <div>
                  <span className="truncate">
                    <b>{e.actor}</b> <span className="mono">{e.action}</span>{' '}
                    <span className="dim">{e.detail || e.object}</span>
                  </span>
                  <span />
                  <Ago value={e.time} />
                </div>
              </li>
            ))}
          </Section>
        </div>
      )}
    </Page>
  );
}

const findings = (since: string | null) => `/findings?view=list&t=${encodeURIComponent(`${since ?? ''}~`)}`;
const devices = (since: string | null) =>
  `/devices?since=${encodeURIComponent(since ?? '')}&sort=-first_seen`;

function Since({ value, set }: { value: string; set(v: string): void }) {
  const { t } = useTranslation('changes');
  const { utc } = usePrefs();
  const own = value !== '' && !words.some((w) => w === value);
  const [typing, setTyping] = useState(own);
  return (
    <>
      <SegmentedControl
        size="sm"
        aria-label={t('since')}
        value={typing ? 'own' : value}
        onChange={(v) => {
          setTyping(v === 'own');
          if (v !== 'own') set(v);
        }}
        data={[
          ...words.map((w) => ({ value: w as string, label: t(`span.${w || 'visit'}`) })),
          { value: 'own', label: t('span.own') },
        ]}
      />
      {typing && (
        <TextInput
          type="datetime-local"
          aria-label={t('since')}
          value={own ? toInput(Date.parse(value), utc) : ''}
          onChange={(e) => {
            const time = fromInput(e.currentTarget.value, utc);
            if (time) set(time);
          }}
        />
      )}
    </>
  );
}

function Section({
  title,
  total,
  to,
  children,
}: {
  title: string;
  total: number;
  to?: string;
  children: ReactNode[];
}) {
  const { t } = useTranslation('changes');
  if (total === 0) return null;
  return (
    <Panel
      title={
        <>
          {title} <Count value={total} />
        </>
      }
      flush
      aside={to && <Link to={to}>{t('all')}</Link>}
    >
      <ul className={css.list}>{children}</ul>
      {total > children.length && <p className={css.more}>{t('more', { count: total - children.length })}</p>}
    </Panel>
  );
}

function FindingRow({ finding: f, time }: { finding: Finding; time: string | null }) {
  return (
    <li>
      <Link to={`/findings/${encodeURIComponent(f.id)}`}>
        <span className={css.two}>
          <b className="truncate">{f.title}</b>
          <span className="truncate dim">{f.device_label || f.address}</span>
        </span>
        <SeverityBadge severity={f.severity} />
        <Ago value={time} />
      </Link>
    </li>
  );
}

function DeviceRow({ device: d, time }: { device: Device; time: string | null }) {
  const { t } = useTranslation('types');
  return (
    <li>
      <Link to={`/devices/${encodeURIComponent(d.id)}`}>
        <span className={css.two}>
          <b className="truncate">{d.label}</b>
          <span className="truncate dim">{d.ips[0] ?? d.mac}</span>
        </span>
        <Tag>{typeName(t, d.type)}</Tag>
        <Ago value={time} />
      </Link>
    </li>
  );
}
