import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '@/api/client';
import { useRows } from '@/api/rows';
import type { Finding } from '@/api/types';
import { useCan } from '@/app/session';
import { SeverityBadge } from '@/widgets/badges';
import { DataTable } from '@/widgets/DataTable';
import { ErrorState } from '@/widgets/ErrorState';
import { Ago } from '@/widgets/values';
import { Bulk } from './Bulk';
import { findingColumns, findingHref } from './columns';
import { queryOf, sorts } from './filter';
import css from './findings.module.css';
import type { Filter, SetFilter } from './index';
import { NoFindings } from './NoFindings';

/** Findings one by one. */
export function List({ filter, setFilter }: { filter: Filter; setFilter: SetFilter }) {
  const { t } = useTranslation(['findings', 'common']);
  const canJudge = useCan('analyst');
  // What was chosen is kept with its status, for undo, even when it scrolls out of what is loaded.
  const [chosen, setChosen] = useState<ReadonlyMap<string, Finding>>(new Map());
  const query = useMemo(() => queryOf(filter), [filter]);
  const rows = useRows<Finding>(['/api/v1/findings', query], (limit, offset, signal) =>
    api.GET('/api/v1/findings', { params: { query: { ...query, limit, offset } }, signal }),
  );
  const columns = useMemo(() => findingColumns(t), [t]);
  const choose = (ids: ReadonlySet<string>) => {
    const next = new Map<string, Finding>();
    const missing = new Set(ids);
    for (const [id, f] of chosen) if (missing.delete(id)) next.set(id, f);
    for (let i = 0; i < rows.total && missing.size > 0; i++) {
      const f = rows.at(i);
      if (f && missing.delete(f.id)) next.set(f.id, f);
    }
    setChosen(next);
  };
  if (rows.error) return <ErrorState error={rows.error} retry={rows.refetch} />;
  return (
    <>
      {canJudge && (
        <Bulk
          count={chosen.size}
          load={async () => [...chosen.values()]}
          clear={() => setChosen(new Map())}
        />
      )}
      <DataTable
        label={t('view.list')}
        rows={rows}
        columns={columns}
        id={(f) => f.id}
        href={(f) => findingHref(f.id)}
        card={(f) => <Card finding={f} />}
        cardHeight={62}
        sort={filter.sort}
        onSort={(sort) => setFilter({ sort: sorts.find((s) => s === sort) })}
        selection={canJudge ? { ids: new Set(chosen.keys()), set: choose } : undefined}
        empty={<NoFindings filter={filter} setFilter={setFilter} />}
      />
    </>
  );
}

function Card({ finding: f }: { finding: Finding }) {
  return (
    <div className={css.card}>
      <Link to={findingHref(f.id)} className="truncate">
        {f.title}
      </Link>
      <SeverityBadge severity={f.severity} />
      <span className="truncate dim">{f.device_label || f.address}</span>
      <Ago value={f.last_seen} />
    </div>
  );
}
