// Reports that are made on a schedule or when asked, and those that were made.
import { Button, Group, Skeleton } from '@mantine/core';
import {
  IconDownload,
  IconExternalLink,
  IconFileReport,
  IconPlayerPlay,
  IconPlus,
} from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { components } from '@/api/schema';
import { useCan } from '@/app/session';
import { text, useUrlState } from '@/lib/url';
import { Tag } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Needs } from '@/widgets/Needs';
import { Page } from '@/widgets/Page';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Ago, Bytes, Count, Time } from '@/widgets/values';
import { ReportForm } from './ReportForm';
import css from './reports.module.css';

export type Report = components['schemas']['Report'];
type Run = components['schemas']['ReportRun'];

export const reportPaths = ['/api/v1/reports'] as const;
const fields = { edit: text() };

export default function Reports() {
  const { t } = useTranslation('reports');
  const [state, change] = useUrlState(fields);
  const analyst = useCan('analyst');
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/reports');
  const add = (
    <Button leftSection={<IconPlus size={16} aria-hidden />} onClick={() => change({ edit: 'new' }, true)}>
      {t('add')}
    </Button>
  );
  const edited = data?.items.find((r) => r.id === state.edit);
  return (
    <Page title={t('title')} subtitle={t('subtitle')} actions={analyst && add}>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={240} radius="md" />
      ) : data.items.length === 0 ? (
        <Panel>
          <EmptyState icon={IconFileReport} title={t('none')} hint={t('noneHint')}>
            {analyst && add}
          </EmptyState>
        </Panel>
      ) : (
        data.items.map((r) => <Card key={r.id} report={r} edit={() => change({ edit: r.id }, true)} />)
      )}
      <Needs least="analyst" what={t('changing')} />
      {analyst && (edited || state.edit === 'new') && (
        <ReportForm key={state.edit} report={edited} close={() => change({ edit: '' })} />
      )}
    </Page>
  );
}

function Card({ report, edit }: { report: Report; edit: () => void }) {
  const { t } = useTranslation('reports');
  const analyst = useCan('analyst');
  const [change, busy] = useChange();
  const [all, setAll] = useState(false);
  const runs = all ? report.runs : report.runs.slice(0, 3);
  const { id, author, updated, next, runs: made, ...definition } = report;
  const run = () =>
    change(() => api.POST('/api/v1/reports/{id}/run', { params: { path: { id } } }), {
      paths: reportPaths,
      message: t('made', { name: report.name }),
    });
  const remove = () =>
    change(() => api.DELETE('/api/v1/reports/{id}', { params: { path: { id } } }), {
      paths: reportPaths,
      message: t('removed', { name: report.name }),
      undo: made.length > 0 ? undefined : () => api.POST('/api/v1/reports', { body: definition }),
    });
  return (
    <Panel
      flush
      title={report.name}
      aside={
        analyst && (
          <Group gap="xs">
            <Button size="xs" variant="subtle" color="red" onClick={() => void remove()}>
              {t('common:delete')}
            </Button>
            <Button size="xs" variant="default" onClick={edit}>
              {t('common:edit')}
            </Button>
            <Button
              size="xs"
              loading={busy}
              leftSection={<IconPlayerPlay size={14} aria-hidden />}
              onClick={() => void run()}
            >
              {t('run')}
            </Button>
          </Group>
        )
      }
    >
      <p className={css.about}>
        <Tag tone="accent">{t(`kind.${report.kind}`)}</Tag>
        <span>{t('days', { count: report.days })}</span>
        <span>
          {report.schedule
            ? t(`every.${report.schedule}`, { hour: `${String(report.hour ?? 0).padStart(2, '0')}:00 UTC` })
            : t('every.never')}
        </span>
        {next && (
          <span>
            {t('next')} <Time value={next} />
          </span>
        )}
        <span className="dim">
          {author} · <Ago value={updated} />
        </span>
      </p>
      {made.length === 0 ? (
        <p className={css.about}>
          <span className="dim">{t('noRuns')}</span>
        </p>
      ) : (
        <SimpleTable<Run>
          label={t('history', { name: report.name })}
          rows={runs}
          rowKey={(r) => r.id}
          columns={[
            { key: 'made', header: t('column.made'), cell: (r) => <Time value={r.made} /> },
            {
              key: 'span',
              header: t('column.span'),
              cell: (r) => (
                <>
                  <Time value={r.from} /> – <Time value={r.to} />
                </>
              ),
              wideOnly: true,
            },
            { key: 'by', header: t('column.by'), cell: (r) => r.by || t('schedule') },
            { key: 'rows', header: t('column.rows'), cell: (r) => <Count value={r.rows} />, right: true },
            {
              key: 'size',
              header: t('column.size'),
              cell: (r) => <Bytes value={r.size} />,
              right: true,
              wideOnly: true,
            },
            { key: 'get', header: '', cell: (r) => <Get report={id} run={r.id} />, tight: true },
          ]}
        />
      )}
      {made.length > 3 && (
        <Button variant="subtle" size="xs" m="xs" onClick={() => setAll(!all)}>
          {all ? t('fewer') : t('more', { count: made.length - 3 })}
        </Button>
      )}
    </Panel>
  );
}

function Get({ report, run }: { report: string; run: string }) {
  const { t } = useTranslation('reports');
  const at = `/api/v1/reports/${encodeURIComponent(report)}/runs/${encodeURIComponent(run)}`;
  return (
    <Group gap={6} wrap="nowrap">
      <Button
        component="a"
        size="compact-sm"
        variant="default"
        href={`${at}?format=html`}
        target="_blank"
        rel="noopener"
        leftSection={<IconExternalLink size={14} aria-hidden />}
      >
        {t('open')}
      </Button>
      <Button
        component="a"
        size="compact-sm"
        variant="default"
        href={`${at}?format=csv`}
        download
        leftSection={<IconDownload size={14} aria-hidden />}
      >
        CSV
      </Button>
    </Group>
  );
}
