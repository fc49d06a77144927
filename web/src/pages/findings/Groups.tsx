import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '@/api/client';
import { useRows } from '@/api/rows';
import type { Finding, FindingGroup } from '@/api/types';
import { useCan } from '@/app/session';
import { groupHref } from '@/lib/links';
import { SeverityBadge } from '@/widgets/badges';
import { DataTable } from '@/widgets/DataTable';
import { ErrorState } from '@/widgets/ErrorState';
import { Ago } from '@/widgets/values';
import { Bulk } from './Bulk';
import { groupColumns } from './columns';
import { membersOf } from './edit';
import { queryOf, sorts } from './filter';
import css from './findings.module.css';
import type { Filter, SetFilter } from './index';
import { NoFindings } from './NoFindings';

/** Findings as incidents and checks: one row for what belongs together. */
export function Groups({ filter, setFilter }: { filter: Filter; setFilter: SetFilter }) {
  const { t } = useTranslation(['findings', 'common']);
  const canJudge = useCan('analyst');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const query = useMemo(() => queryOf(filter), [filter]);
  const rows = useRows<FindingGroup>(['/api/v1/findings/groups', query], (limit, offset, signal) =>
    api.GET('/api/v1/findings/groups', { params: { query: { ...query, limit, offset } }, signal }),
  );
  const columns = useMemo(() => groupColumns(t), [t]);
  const load = async (): Promise<Finding[]> => {
    const out: Finding[] = [];
    for (let i = 0; i < rows.total; i++) {
      const g = rows.at(i);
      if (g && chosen.has(g.key)) out.push(...(await membersOf(g, query)));
    }
    return out;
  };
  if (rows.error) return <ErrorState error={rows.error} retry={rows.refetch} />;
  return (
    <>
      {canJudge && <Bulk count={chosen.size} load={load} clear={() => setChosen(new Set())} />}
      <DataTable<FindingGroup>
        label={t('view.groups')}
        rows={rows}
        columns={columns}
        id={(g) => g.key}
        href={groupHref}
        card={(g) => <Card group={g} />}
        cardHeight={62}
        rowHeight={42}
        sort={filter.sort}
        onSort={(sort) => setFilter({ sort: sorts.find((s) => s === sort) })}
        selection={canJudge ? { ids: chosen, set: setChosen } : undefined}
        empty={<NoFindings filter={filter} setFilter={setFilter} />}
      />
    </>
  );
}

function Card({ group: g }: { group: FindingGroup }) {
  return (
    <div className={css.card}>
      <Link to={groupHref(g)} className="truncate">
        {g.title}
      </Link>
      <SeverityBadge severity={g.severity} />
      <span className="truncate dim">{g.labels.join(', ')}</span>
      <Ago value={g.last_seen} />
    </div>
  );
}
