// Who talks to whom across zones: a matrix, the pairs behind each cell, and
// the definitions of zones.
import { Button, SegmentedControl, Skeleton } from '@mantine/core';
import { IconBan, IconCircleCheckFilled, IconPencil } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { hub } from '@/api/client';
import { useCan } from '@/app/session';
import { formatCompact } from '@/lib/format';
import { bounds, range } from '@/lib/range';
import { flag, oneOf, text, useUrlState } from '@/lib/url';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { FilterBar } from '@/widgets/FilterBar';
import { Needs } from '@/widgets/Needs';
import { Page } from '@/widgets/Page';
import { Panel } from '@/widgets/Panel';
import { TimeRange } from '@/widgets/TimeRange';
import { Editor } from './Editor';
import { type Cell, Matrix } from './Matrix';
import { Pairs } from './Pairs';
import css from './zones.module.css';

const fields = {
  range: range(),
  by: oneOf(['bytes', 'flows', 'pairs', 'policy'], 'bytes'),
  from: text(),
  to: text(),
  protocol: text(),
  edit: flag(),
};

export default function Zones() {
  const { t } = useTranslation('zones');
  const [state, change] = useUrlState(fields);
  const operator = useCan('operator');
  const span = bounds(state.range);
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/zones/matrix', { params: { query: span } });
  return (
    <Page
      title={t('title')}
      subtitle={t('subtitle')}
      actions={
        operator && (
          <Button
            variant="default"
            leftSection={<IconPencil size={15} aria-hidden />}
            onClick={() => change({ edit: true }, true)}
          >
            {t('edit.open')}
          </Button>
        )
      }
    >
      <FilterBar>
        <TimeRange value={state.range} onChange={(r) => change({ range: r })} />
        <SegmentedControl
          aria-label={t('by.label')}
          value={state.by}
          onChange={(by) => change({ by: by as typeof state.by })}
          data={(['bytes', 'flows', 'pairs', 'policy'] as const).map((value) => ({
            value,
            label: t(`by.${value}`),
          }))}
        />
      </FilterBar>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={340} radius="md" />
      ) : data.cells.length === 0 ? (
        <Panel>
          <EmptyState title={t('empty.title')} hint={t('empty.hint')} />
        </Panel>
      ) : (
        <Panel flush title={t('matrix.title')} aside={t('matrix.hint')}>
          <Legend cells={data.cells} />
          <Matrix
            matrix={data}
            by={state.by}
            from={state.from}
            to={state.to}
            choose={(from, to) => change({ from, to, protocol: '' }, true)}
          />
        </Panel>
      )}
      {state.from && state.to && (
        <Pairs
          from={state.from}
          to={state.to}
          span={span}
          protocol={state.protocol}
          narrow={(protocol) => change({ protocol })}
          close={() => change({ from: '', to: '', protocol: '' })}
        />
      )}
      <Needs least="operator" what={t('changing')} />
      {state.edit && operator && <Editor close={() => change({ edit: false })} />}
    </Page>
  );
}

/** What the profiles in force say of all that crosses; where to begin when they say nothing. */
function Legend({ cells }: { cells: readonly Cell[] }) {
  const { t, i18n } = useTranslation('zones');
  if (cells.every((c) => c.policy === 'unsaid'))
    return (
      <p className={css.legend}>
        <span>{t('legend.none')}</span> <Link to="/devices">{t('legend.begin')}</Link>
      </p>
    );
  const flows = cells.reduce((sum, c) => sum + c.flows, 0);
  const part = (n: number) => formatCompact(n, i18n.language);
  return (
    <p className={css.legend}>
      <span>
        <IconBan size={14} data-policy="blocked" aria-hidden />{' '}
        {t('legend.blocked', { n: part(cells.reduce((sum, c) => sum + c.would_block, 0)), all: part(flows) })}
      </span>
      <span>
        <IconCircleCheckFilled size={14} data-policy="allowed" aria-hidden /> {t('legend.allowed')}
      </span>
      <span>{t('legend.unsaid', { n: part(cells.reduce((sum, c) => sum + c.unsaid, 0)) })}</span>
    </p>
  );
}

/** The name of a zone; the two that nobody defined have words of their own. */
export function useZoneName(): (zone: string) => string {
  const { t } = useTranslation('zones');
  return (zone) => (zone === 'outside' || zone === 'unassigned' ? t(`own.${zone}`) : zone);
}
