import { SegmentedControl, Skeleton } from '@mantine/core';
import { lazy, Suspense, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { hub } from '@/api/client';
import type { DeviceDetail } from '@/api/types';
import { oneOf, useUrlState } from '@/lib/url';
import { Tag } from '@/widgets/badges';
import { ErrorState } from '@/widgets/ErrorState';
import { Inert } from '@/widgets/Inert';
import type { NetEdge, NetNode } from '@/widgets/NetGraph';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Ago, Bytes, Count } from '@/widgets/values';
import css from './device.module.css';

const NetGraph = lazy(() => import('@/widgets/NetGraph'));
const fields = { depth: oneOf(['1', '2'], '1') };

/** Whom the device talks to, as a graph and as a table. */
export function PeersTab({ device }: { device: DeviceDetail }) {
  const { t } = useTranslation('device');
  return (
    <>
      <Neighbourhood device={device} />
      <Panel title={t('peer.title')} flush>
        {device.peers.length === 0 ? (
          <p className={css.calm}>{t('peer.none')}</p>
        ) : (
          <SimpleTable
            label={t('peer.title')}
            rows={device.peers}
            rowKey={(p) => p.ip}
            columns={[
              {
                key: 'who',
                header: t('peer.who'),
                cell: (p) => (
                  <span className={css.tags}>
                    {p.device ? (
                      <Link to={`/devices/${encodeURIComponent(p.device)}`}>{p.name || p.ip}</Link>
                    ) : (
                      <Inert value={p.name || p.ip} limit={60} />
                    )}
                    {p.name && p.name !== p.ip && <span className="mono dim">{p.ip}</span>}
                  </span>
                ),
              },
              {
                key: 'where',
                header: t('peer.where'),
                cell: (p) => (
                  <Tag tone={p.home ? undefined : 'warn'}>{t(p.home ? 'peer.inside' : 'peer.outside')}</Tag>
                ),
              },
              { key: 'protocols', header: t('peer.protocols'), cell: (p) => p.protocols.join(', ') || '–' },
              {
                key: 'flows',
                header: t('service.flows'),
                right: true,
                cell: (p) => <Count value={p.flows} />,
              },
              { key: 'out', header: t('peer.sent'), right: true, cell: (p) => <Bytes value={p.bytes_out} /> },
              {
                key: 'in',
                header: t('peer.received'),
                right: true,
                cell: (p) => <Bytes value={p.bytes_in} />,
              },
              {
                key: 'last',
                header: t('service.last'),
                wideOnly: true,
                cell: (p) => <Ago value={p.last_seen} />,
              },
            ]}
          />
        )}
        {device.peer_count > device.peers.length && (
          <p className={css.calm}>{t('peer.more', { count: device.peer_count - device.peers.length })}</p>
        )}
      </Panel>
    </>
  );
}

/** A graph of a device and the peers that its sensors count. */
function starOf(device: DeviceDetail): { nodes: NetNode[]; edges: NetEdge[] } {
  const peers = device.peers.slice(0, 40);
  return {
    nodes: [
      { id: device.id, label: device.label, device: true, home: true, risk: device.risk },
      ...peers.map((p) => ({
        id: p.device ?? p.ip,
        label: p.name || p.ip,
        device: !!p.device,
        home: p.home,
        risk: 0,
      })),
    ],
    edges: peers.map((p) => ({
      from: device.id,
      to: p.device ?? p.ip,
      protocols: p.protocols,
      bytes_out: p.bytes_out,
      bytes_in: p.bytes_in,
    })),
  };
}

function Neighbourhood({ device }: { device: DeviceDetail }) {
  const { t } = useTranslation('device');
  const navigate = useNavigate();
  const [{ depth }, setUrl] = useUrlState(fields);
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/graph', {
    params: { query: { device: device.id, depth: Number(depth), limit: 150 } },
  });
  const { nodes, edges } = useMemo(() => {
    // Roll-ups may know less than the sensors: what those count is a star.
    if (!data || data.nodes.length < 2) return starOf(device);
    return data;
  }, [data, device]);
  return (
    <Panel
      title={t('graph.title')}
      flush
      aside={
        <SegmentedControl
          size="xs"
          aria-label={t('graph.depth')}
          value={depth}
          onChange={(v) => setUrl({ depth: v === '2' ? '2' : '1' })}
          data={[
            { value: '1', label: t('graph.near') },
            { value: '2', label: t('graph.far') },
          ]}
        />
      }
    >
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : data && nodes.length < 2 ? (
        <p className={css.calm}>{t('peer.none')}</p>
      ) : (
        <Suspense
          fallback={
            <div className={css.waiting}>
              <Skeleton height={440} />
            </div>
          }
        >
          {data && (
            <NetGraph
              nodes={nodes}
              edges={edges}
              middle={device.id}
              onOpen={(other) => void navigate(`/devices/${encodeURIComponent(other)}?tab=peers`)}
            />
          )}
        </Suspense>
      )}
      {!!data?.more && <p className={css.calm}>{t('graph.more', { count: data.more })}</p>}
    </Panel>
  );
}
