// Who a device talks to, as a picture with the same in a table beside it.
import { SegmentedControl, Skeleton } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate, useParams } from 'react-router';
import { hub } from '@/api/client';
import type { components } from '@/api/schema';
import { inert } from '@/lib/inert';
import { bounds, range } from '@/lib/range';
import { oneOf, useUrlState } from '@/lib/url';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { FilterBar } from '@/widgets/FilterBar';
import { Inert } from '@/widgets/Inert';
import { Page } from '@/widgets/Page';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { TimeRange } from '@/widgets/TimeRange';
import { Bytes, Count } from '@/widgets/values';
import css from './graph.module.css';

const NetGraph = lazy(() => import('@/widgets/NetGraph'));

type Node = components['schemas']['GraphNode'];
type Edge = components['schemas']['GraphEdge'];
const fields = { range: range(), depth: oneOf(['1', '2'], '1') };

export default function Neighbourhood() {
  const { t } = useTranslation('graph');
  const { id = '' } = useParams();
  const navigate = useNavigate();
  const [state, change] = useUrlState(fields);
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/graph', {
    params: { query: { ...bounds(state.range), device: id, depth: Number(state.depth), limit: 300 } },
  });
  const nodes = new Map(data?.nodes.map((n) => [n.id, n]));
  const middle = nodes.get(id);
  return (
    <Page
      title={middle ? t('titleOf', { name: inert(middle.label, 60) }) : t('title')}
      subtitle={<Link to={`/devices/${encodeURIComponent(id)}`}>{t('back')}</Link>}
    >
      <FilterBar>
        <TimeRange value={state.range} onChange={(r) => change({ range: r })} />
        <SegmentedControl
          aria-label={t('depth.label')}
          value={state.depth}
          onChange={(depth) => change({ depth: depth as typeof state.depth })}
          data={[
            { value: '1', label: t('depth.1') },
            { value: '2', label: t('depth.2') },
          ]}
        />
      </FilterBar>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={520} radius="md" />
      ) : data.edges.length === 0 ? (
        <Panel>
          <EmptyState title={t('none')} hint={t('noneHint')} />
        </Panel>
      ) : (
        <div className={css.columns}>
          <Panel flush className={css.picture}>
            <Suspense fallback={<Skeleton height={520} />}>
              <NetGraph
                nodes={data.nodes}
                edges={data.edges}
                middle={id}
                onOpen={(other) => void navigate(`/devices/${encodeURIComponent(other)}/graph`)}
              />
            </Suspense>
          </Panel>
          <Panel
            flush
            title={t('table', { count: data.edges.length })}
            aside={data.more > 0 && t('more', { count: data.more })}
            className={css.table}
          >
            <SimpleTable<Edge>
              label={t('title')}
              rows={[...data.edges].sort((a, b) => b.bytes_out + b.bytes_in - a.bytes_out - a.bytes_in)}
              rowKey={(e) => `${e.from} ${e.to}`}
              columns={[
                ...(state.depth === '2'
                  ? [
                      {
                        key: 'from',
                        header: t('from'),
                        cell: (e: Edge) => <Name node={nodes.get(e.from)} id={e.from} />,
                      },
                    ]
                  : []),
                {
                  key: 'to',
                  header: t('with'),
                  cell: (e) => <Other edge={e} middle={id} nodes={nodes} deep={state.depth === '2'} />,
                },
                {
                  key: 'protocols',
                  header: t('protocols'),
                  cell: (e) => e.protocols.slice(0, 4).join(', ') || '–',
                },
                { key: 'flows', header: t('flows'), cell: (e) => <Count value={e.flows} />, right: true },
                {
                  key: 'bytes',
                  header: t('bytes'),
                  cell: (e) => <Bytes value={e.bytes_out + e.bytes_in} />,
                  right: true,
                },
              ]}
            />
          </Panel>
        </div>
      )}
    </Page>
  );
}

function Other({
  edge,
  middle,
  nodes,
  deep,
}: {
  edge: Edge;
  middle: string;
  nodes: ReadonlyMap<string, Node>;
  deep: boolean;
}) {
  const id = !deep && edge.to === middle ? edge.from : edge.to;
  return <Name node={nodes.get(id)} id={id} />;
}

function Name({ node, id }: { node?: Node; id: string }) {
  if (!node?.device) return <Inert value={node?.label || id} limit={60} mono />;
  return (
    <Link to={`/devices/${encodeURIComponent(id)}`}>
      <Inert value={node.label} limit={60} />
    </Link>
  );
}
