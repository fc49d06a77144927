// Questions to all stored facts: query, histogram, table, values, and a live tail.
import { Button } from '@mantine/core';
import { IconChartBar, IconPlayerPauseFilled, IconPlayerPlayFilled } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCompact } from '@/lib/format';
import { between } from '@/lib/range';
import { useUrlState } from '@/lib/url';
import { Tag } from '@/widgets/badges';
import { ColumnsMenu } from '@/widgets/ColumnsMenu';
import { DataTable } from '@/widgets/DataTable';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { ExportMenu } from '@/widgets/ExportMenu';
import { Inert } from '@/widgets/Inert';
import { Page } from '@/widgets/Page';
import { TimeRange } from '@/widgets/TimeRange';
import { Mono, Time } from '@/widgets/values';
import { columnsOf, endpoint } from './columns';
import { EventDrawer } from './EventDrawer';
import { Histogram } from './Histogram';
import css from './hunt.module.css';
import { QueryBox } from './QueryBox';
import { Saved } from './Saved';
import { type Event, fields, question } from './state';
import { TopValues } from './TopValues';
import { withTerm } from './text';
import { useEvents } from './useEvents';

const examples = [
  'kind:mqtt verb:SUBSCRIBE name:"#"',
  'kind:dns status:NXDOMAIN',
  'kind:login',
  'bytes>1M',
  'kind:tls not port:443',
];

export default function Hunt() {
  const { t, i18n } = useTranslation('hunt');
  const [state, change] = useUrlState(fields);
  const { q, range, device, sensor } = state;
  // A span that ends now is counted from when it was asked.
  const [asked, setAsked] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: asking again moves the end of the span
  const ask = useMemo(() => question({ q, range, device, sensor }), [q, range, device, sensor, asked]);
  const answer = useEvents(ask, state.live);
  const all = useMemo(() => columnsOf(t), [t]);
  const columns = all.filter((c, i) => i === 0 || state.cols.includes(c.id));
  const pivot = (field: string, value: string, without: boolean) =>
    change({ q: withTerm(q, field, value, without) }, true);

  return (
    <Page
      title={t('title')}
      fill
      actions={
        <>
          <Saved
            text={q}
            span={range.includes('~') ? '' : range}
            columns={state.cols}
            use={(s) =>
              change(
                { q: s.text, range: s.span, cols: s.columns.length > 0 ? s.columns : fields.cols.initial },
                true,
              )
            }
          />
          <ExportMenu
            path="/api/v1/events/export"
            query={{ ...ask, limit: 100_000 }}
            formats={['csv', 'json', 'jsonl']}
          />
        </>
      }
    >
      <div className={css.ask}>
        <QueryBox
          value={q}
          run={(text) => {
            setAsked(asked + 1);
            change({ q: text, event: '' }, text !== q);
          }}
        />
        <TimeRange value={range} onChange={(r) => change({ range: r }, true)} />
        <Button
          variant={state.live ? 'filled' : 'default'}
          aria-pressed={state.live}
          leftSection={
            state.live ? (
              <IconPlayerPauseFilled size={14} aria-hidden />
            ) : (
              <IconPlayerPlayFilled size={14} aria-hidden />
            )
          }
          onClick={() => change({ live: !state.live })}
        >
          {t(state.live ? 'live.pause' : 'live.start')}
        </Button>
        <Button
          variant={state.top ? 'light' : 'default'}
          aria-pressed={state.top !== ''}
          leftSection={<IconChartBar size={15} aria-hidden />}
          onClick={() => change({ top: state.top ? '' : 'kind' })}
        >
          {t('top.title')}
        </Button>
        <ColumnsMenu columns={all} shown={state.cols} onChange={(cols) => change({ cols })} />
      </div>
      {(device || sensor.length > 0) && (
        <div className={css.chips}>
          {device && <Chip label={t('chip.device', { id: device })} remove={() => change({ device: '' })} />}
          {sensor.map((s) => (
            <Chip
              key={s}
              label={t('chip.sensor', { id: s })}
              remove={() => change({ sensor: sensor.filter((x) => x !== s) })}
            />
          ))}
        </div>
      )}
      <Histogram
        question={ask}
        live={state.live}
        zoom={(from, to) => change({ range: between(from, to) }, true)}
      />
      <div className={css.body} data-top={state.top !== '' || undefined}>
        <div className={css.results}>
          <p className={css.note} role="status">
            {state.live && <Tag tone="good">{t('live.on')}</Tag>}
            {answer.partial ? (
              <Tag tone="warn">{t('partial', { why: answer.partial })}</Tag>
            ) : (
              answer.rows.total > 0 &&
              t('took', { scanned: formatCompact(answer.scanned, i18n.language), ms: answer.took })
            )}
          </p>
          {answer.rows.error ? (
            <ErrorState error={answer.rows.error} retry={answer.rows.refetch} />
          ) : (
            <DataTable<Event>
              label={t('results')}
              rows={answer.rows}
              columns={columns}
              id={(e) => e.id}
              onOpen={(e) => change({ event: e.id }, true)}
              rowHeight={36}
              cardHeight={84}
              card={(e) => <Card event={e} />}
              empty={
                <Nothing
                  dirty={q !== '' || range !== ''}
                  use={(text) => change({ q: text, range: '' }, true)}
                />
              }
            />
          )}
        </div>
        {state.top && (
          <TopValues question={ask} field={state.top} choose={(top) => change({ top })} pivot={pivot} />
        )}
      </div>
      {state.event && (
        <EventDrawer
          key={state.event}
          id={state.event}
          close={() => change({ event: '' })}
          pivot={pivot}
          top={(top) => change({ top, event: '' })}
        />
      )}
    </Page>
  );
}

function Chip({ label, remove }: { label: string; remove: () => void }) {
  const { t } = useTranslation('hunt');
  return (
    <Button size="compact-sm" variant="light" onClick={remove} aria-label={t('chip.remove', { what: label })}>
      {label} ×
    </Button>
  );
}

function Card({ event: e }: { event: Event }) {
  return (
    <div className={css.card}>
      <span>
        <Tag tone="accent">{e.kind}</Tag> <Time value={e.time} precise />
      </span>
      <span className="truncate">
        <Mono>
          {endpoint(e.src_ip, e.src_port) || e.src_mac} → {endpoint(e.dest_ip, e.dest_port) || e.dest_mac}
        </Mono>
      </span>
      <span className="truncate">
        <Inert value={[e.name, e.verb, e.path, e.status].filter(Boolean).join(' · ')} limit={90} />
      </span>
    </div>
  );
}

function Nothing({ dirty, use }: { dirty: boolean; use: (text: string) => void }) {
  const { t } = useTranslation('hunt');
  return (
    <EmptyState title={t(dirty ? 'none.title' : 'empty.title')} hint={t(dirty ? 'none.hint' : 'empty.hint')}>
      <div className={css.examples}>
        {examples.map((e) => (
          <Button key={e} size="compact-sm" variant="default" className="mono" onClick={() => use(e)}>
            {e}
          </Button>
        ))}
      </div>
    </EmptyState>
  );
}
