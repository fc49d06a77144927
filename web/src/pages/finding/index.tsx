import { Button, Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { hub } from '@/api/client';
import { useLiveRefresh } from '@/api/live';
import type { FindingDetail } from '@/api/types';
import { SeverityBadge, StatusBadge, Tag } from '@/widgets/badges';
import { ErrorState } from '@/widgets/ErrorState';
import { Page } from '@/widgets/Page';
import { Panel } from '@/widgets/Panel';
import { Ago } from '@/widgets/values';
import { Actions } from './Actions';
import { Comments } from './Comments';
import { EvidencePanel } from './Evidence';
import { Facts } from './Facts';
import css from './finding.module.css';

export default function Finding() {
  const { t } = useTranslation(['finding', 'common']);
  const { id = '' } = useParams();
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/findings/{id}', { params: { path: { id } } });
  useLiveRefresh('finding', ['/api/v1/findings/{id}']);
  if (error && !data)
    return (
      <Page title={t('title')}>
        <ErrorState error={error} retry={() => void refetch()} />
        <Button component={Link} to="/findings" variant="default" className={css.back}>
          {t('all')}
        </Button>
      </Page>
    );
  if (!data)
    return (
      <Page title={t('title')}>
        <Skeleton height={420} />
      </Page>
    );
  return (
    <Page
      title={data.title}
      aside={
        <>
          <SeverityBadge severity={data.severity} />
          <StatusBadge status={data.status} muted={!!data.mute} />
          {data.members.length > 0 && <Tag tone="accent">{t('incident')}</Tag>}
          {data.reopened > 0 && <Tag tone="warn">{t('reopened', { count: data.reopened })}</Tag>}
          {data.maintenance && <Tag>{t('maintenance')}</Tag>}
        </>
      }
      subtitle={
        <>
          {data.device ? (
            <Link to={`/devices/${encodeURIComponent(data.device)}`}>{data.device_label}</Link>
          ) : (
            <span className="mono">{data.address}</span>
          )}{' '}
          · <Ago value={data.last_seen} />
        </>
      }
      actions={<Actions finding={data} />}
    >
      <div className={css.columns}>
        <div className={css.column}>
          <Panel title={t('why')}>
            <p className={css.prose}>{data.explanation}</p>
            {data.incident && (
              <p className={css.prose}>
                <Link to={`/findings/${encodeURIComponent(data.incident)}`}>{t('partOf')}</Link>
              </p>
            )}
          </Panel>
          {data.remedy && (
            <Panel title={t('remedy')}>
              <p className={css.prose}>{data.remedy}</p>
            </Panel>
          )}
          <EvidencePanel finding={data} />
          <Related finding={data} />
        </div>
        <div className={css.column}>
          <Facts finding={data} />
          <Comments finding={data} />
        </div>
      </div>
    </Page>
  );
}

function Related({ finding }: { finding: FindingDetail }) {
  const { t } = useTranslation('finding');
  if (finding.related.length === 0) return null;
  return (
    <Panel title={finding.members.length > 0 ? t('members') : t('related')} flush>
      <ul className={css.list}>
        {finding.related.map((f) => (
          <li key={f.id}>
            <Link to={`/findings/${encodeURIComponent(f.id)}`}>
              <SeverityBadge severity={f.severity} />
              <span className="truncate">{f.title}</span>
              <span className="dim">
                <Ago value={f.last_seen} />
              </span>
            </Link>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
