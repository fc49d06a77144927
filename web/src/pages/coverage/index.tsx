import { Button } from '@mantine/core';
import {
  IconArrowsLeftRight,
  IconDeviceUnknown,
  IconEye,
  IconLock,
  IconNetwork,
  IconPlugConnectedX,
  IconPuzzle,
  IconShieldCheck,
  IconTrash,
  type TablerIcon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { hub } from '@/api/client';
import type { components } from '@/api/schema';
import { hrefOf } from '@/lib/links';
import { SeverityBadge, Tag } from '@/widgets/badges';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Page } from '@/widgets/Page';
import { PageSkeleton } from '@/widgets/PageSkeleton';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Count, Mono } from '@/widgets/values';
import css from './coverage.module.css';

type Gap = components['schemas']['Gap'];

const icons: Record<string, TablerIcon> = {
  sensor: IconPlugConnectedX,
  loss: IconTrash,
  direction: IconArrowsLeftRight,
  encryption: IconLock,
  network: IconNetwork,
  device: IconDeviceUnknown,
  protocol: IconPuzzle,
};

/** What cannot be seen, why, and what would change that. */
export default function Coverage() {
  const { t } = useTranslation('coverage');
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/coverage');
  return (
    <Page title={t('title')} subtitle={t('subtitle')}>
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <PageSkeleton />
      ) : (
        <>
          {data.gaps.length === 0 ? (
            <Panel>
              <EmptyState
                icon={data.sensors > 0 ? IconShieldCheck : IconEye}
                title={t(data.sensors > 0 ? 'none' : 'noSensors')}
                hint={t(data.sensors > 0 ? 'noneHint' : 'noSensorsHint')}
              >
                <Button component={Link} to="/sensors" variant="default">
                  {t('sensors')}
                </Button>
              </EmptyState>
            </Panel>
          ) : (
            <ul className={css.gaps}>
              {data.gaps.map((g) => (
                <li key={`${g.id} ${g.subject}`}>
                  <GapCard gap={g} />
                </li>
              ))}
            </ul>
          )}
          <Panel title={t('networks')} flush>
            {data.networks.length === 0 ? (
              <p className={css.calm}>{t('noNetworks')}</p>
            ) : (
              <SimpleTable
                label={t('networks')}
                rows={data.networks}
                rowKey={(n) => `${n.prefix} ${n.site}`}
                columns={[
                  { key: 'prefix', header: t('network'), cell: (n) => <Mono>{n.prefix}</Mono> },
                  { key: 'site', header: t('site'), cell: (n) => n.site || '–' },
                  {
                    key: 'configured',
                    header: t('known'),
                    cell: (n) =>
                      n.configured ? <Tag tone="good">{t('configured')}</Tag> : <Tag>{t('observed')}</Tag>,
                  },
                  {
                    key: 'devices',
                    header: t('devices'),
                    right: true,
                    cell: (n) =>
                      n.devices === 0 ? <Tag tone="warn">{t('nobody')}</Tag> : <Count value={n.devices} />,
                  },
                ]}
              />
            )}
          </Panel>
        </>
      )}
    </Page>
  );
}

function GapCard({ gap: g }: { gap: Gap }) {
  const { t } = useTranslation('coverage');
  const Icon = icons[g.area] ?? IconEye;
  return (
    <article className={css.gap}>
      <Icon size={22} stroke={1.6} aria-hidden className={css.icon} />
      <div>
        <h2>{g.title}</h2>
        <p>{g.why}</p>
        {g.remedy && (
          <p className={css.remedy}>
            <b>{t('remedy')}</b> {g.remedy}
          </p>
        )}
        <p className={css.meta}>
          <Tag>{t(`area.${g.area}`)}</Tag>
          {g.subject && <span className="mono">{g.subject}</span>}
          {g.link.screen && <Link to={hrefOf(g.link)}>{t('look')}</Link>}
        </p>
      </div>
      <SeverityBadge severity={g.severity} />
    </article>
  );
}
