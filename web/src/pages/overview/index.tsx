import { Alert, Button, Skeleton } from '@mantine/core';
import { IconArrowRight, IconPlugConnectedX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { hub } from '@/api/client';
import { useLiveRefresh } from '@/api/live';
import type { Overview as OverviewData } from '@/api/types';
import { groupHref, hrefOf } from '@/lib/links';
import { typeName } from '@/lib/words';
import { RiskMeter, SeverityIcon, severities } from '@/widgets/badges';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Page } from '@/widgets/Page';
import { Panel } from '@/widgets/Panel';
import { Shares } from '@/widgets/Shares';
import { TrafficChart } from '@/widgets/TrafficChart';
import { Ago, Count } from '@/widgets/values';
import { Health } from './Health';
import css from './overview.module.css';
import { PosturePanel } from './Posture';

export default function Overview() {
  const { t } = useTranslation('overview');
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/overview');
  useLiveRefresh('finding', ['/api/v1/overview'], 10_000);
  useLiveRefresh('device', ['/api/v1/overview'], 10_000);
  useLiveRefresh('stats', ['/api/v1/overview'], 30_000);
  return (
    <Page title={t('title')} aside={data && !data.empty && <Newest seen={data.seen} />}>
      {error && !data ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Loading />
      ) : data.empty ? (
        <FirstSteps />
      ) : (
        <Content data={data} />
      )}
    </Page>
  );
}

function Newest({ seen }: { seen: string | null }) {
  const { t } = useTranslation('overview');
  return (
    <span className="dim">
      {t('newest')} <Ago value={seen} />
    </span>
  );
}

function Content({ data }: { data: OverviewData }) {
  const { t } = useTranslation('overview');
  return (
    <>
      {data.problems.map((p) => (
        <Alert key={p.part + p.text} color="orange" icon={<IconPlugConnectedX size={18} />} title={p.text}>
          {p.hint}
        </Alert>
      ))}
      <SeverityTiles data={data} />
      <div className={css.columns}>
        <div className={css.column}>
          <Groups data={data} />
          <Panel title={t('traffic')} aside={t('lastDay')}>
            <TrafficChart series={data.traffic} />
          </Panel>
          <div className={css.pair}>
            <Panel title={t('talkers')} flush>
              <Shares shares={data.talkers} />
            </Panel>
            <Panel title={t('protocols')} flush>
              <Shares shares={data.protocols} />
            </Panel>
          </div>
        </div>
        <div className={css.column}>
          <PosturePanel posture={data.posture} />
          <Next data={data} />
          <NewDevices data={data} />
          <Health sensors={data.sensors} loss={data.loss} />
        </div>
      </div>
    </>
  );
}

function SeverityTiles({ data }: { data: OverviewData }) {
  const { t } = useTranslation(['overview', 'common']);
  return (
    <ul className={css.tiles} aria-label={t('open')}>
      {severities.map((s) => (
        <li key={s}>
          <Link
            to={`/findings?severity=${s}`}
            className={css.tile}
            data-zero={data.findings[s] === 0 || undefined}
          >
            <span className={css.tileHead}>
              <SeverityIcon severity={s} size={15} />
              {t(`common:severity.${s}`)}
            </span>
            <span className={css.number}>
              <Count value={data.findings[s]} />
            </span>
          </Link>
        </li>
      ))}
      <li>
        <Link to="/devices" className={css.tile}>
          <span className={css.tileHead}>{t('devices')}</span>
          <span className={css.number}>
            <Count value={data.devices.total} />
          </span>
          <span className={css.tileNote}>{t('newCount', { count: data.devices.new })}</span>
        </Link>
      </li>
    </ul>
  );
}

function Groups({ data }: { data: OverviewData }) {
  const { t } = useTranslation(['overview', 'common']);
  return (
    <Panel title={t('gravest')} flush aside={<Link to="/findings">{t('allFindings')}</Link>}>
      {data.groups.length === 0 ? (
        <EmptyState title={t('noFindings')} hint={t('noFindingsHint')} />
      ) : (
        <ul className={css.list}>
          {data.groups.map((g) => (
            <li key={g.key}>
              <Link to={groupHref(g)} className={css.row}>
                <SeverityIcon severity={g.severity} size={16} />
                <span className={css.what}>
                  <span className="sr-only">{t(`common:severity.${g.severity}`)}: </span>
                  <b className="truncate">{g.title}</b>
                  <span className="truncate dim">
                    {g.labels.join(', ')}
                    {g.devices > g.labels.length && ` +${g.devices - g.labels.length}`}
                  </span>
                </span>
                <span className={css.when}>
                  <Ago value={g.last_seen} />
                </span>
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Next({ data }: { data: OverviewData }) {
  const { t } = useTranslation('overview');
  return (
    <Panel title={t('next')} flush>
      {data.next.length === 0 ? (
        <p className={css.calm}>{t('nothingToDo')}</p>
      ) : (
        <ol className={css.list}>
          {data.next.map((s) => (
            <li key={s.id}>
              <Link to={hrefOf(s.link)} className={css.row}>
                <span className={css.what}>
                  <b>{s.title}</b>
                  <span className="dim">{s.why}</span>
                </span>
                <IconArrowRight size={16} aria-hidden className="dim" />
              </Link>
            </li>
          ))}
        </ol>
      )}
    </Panel>
  );
}

function NewDevices({ data }: { data: OverviewData }) {
  const { t } = useTranslation(['overview', 'types']);
  return (
    <Panel
      title={t('newDevices')}
      flush
      aside={<Link to="/devices?trusted=false&sort=-first_seen">{t('all')}</Link>}
    >
      {data.new_devices.length === 0 ? (
        <p className={css.calm}>{t('noNewDevices')}</p>
      ) : (
        <ul className={css.list}>
          {data.new_devices.slice(0, 6).map((d) => (
            <li key={d.id}>
              <Link to={`/devices/${encodeURIComponent(d.id)}`} className={css.row}>
                <span className={css.what}>
                  <b className="truncate">{d.label}</b>
                  <span className="truncate dim">
                    {[typeName(t, d.type), d.vendor !== 'unknown' && d.vendor].filter(Boolean).join(' · ')}
                  </span>
                </span>
                <RiskMeter risk={d.risk} />
              </Link>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function FirstSteps() {
  const { t } = useTranslation('overview');
  return (
    <Panel>
      <EmptyState title={t('empty.title')} hint={t('empty.hint')}>
        <Button component={Link} to="/sensors">
          {t('empty.sensors')}
        </Button>
        <Button component={Link} to="/captures" variant="default">
          {t('empty.capture')}
        </Button>
      </EmptyState>
    </Panel>
  );
}

function Loading() {
  return (
    <div aria-busy="true">
      <Skeleton height={86} mb={16} />
      <div className={css.columns}>
        <div className={css.column}>
          <Skeleton height={420} />
          <Skeleton height={260} />
        </div>
        <div className={css.column}>
          <Skeleton height={220} />
          <Skeleton height={220} />
        </div>
      </div>
    </div>
  );
}
