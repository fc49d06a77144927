import { ActionIcon, Button, Skeleton } from '@mantine/core';
import { IconX } from '@tabler/icons-react';
import { keepPreviousData } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { hub } from '@/api/client';
import type { components } from '@/api/schema';
import { Tag } from '@/widgets/badges';
import { ErrorState } from '@/widgets/ErrorState';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Bytes, Count } from '@/widgets/values';
import { useZoneName } from './index';

type Pair = components['schemas']['Pair'];

interface Props {
  from: string;
  to: string;
  span: { from?: string; to?: string };
  protocol: string;
  narrow: (protocol: string) => void;
  close: () => void;
}

/** Who exactly talks between two zones. */
export function Pairs({ from, to, span, protocol, narrow, close }: Props) {
  const { t } = useTranslation('zones');
  const name = useZoneName();
  const [limit, setLimit] = useState(50);
  const { data, error } = hub.useQuery(
    'get',
    '/api/v1/zones/pairs',
    { params: { query: { ...span, from_zone: from, to_zone: to, protocol: protocol || undefined, limit } } },
    { placeholderData: keepPreviousData },
  );
  return (
    <Panel
      flush
      title={
        <>
          <Inert value={name(from)} limit={40} /> → <Inert value={name(to)} limit={40} />{' '}
          {protocol && <Tag tone="accent">{protocol}</Tag>}
        </>
      }
      aside={
        <>
          {protocol && (
            <Button size="compact-sm" variant="subtle" onClick={() => narrow('')}>
              {t('pairs.allProtocols')}
            </Button>
          )}
          <ActionIcon aria-label={t('common:close')} onClick={close}>
            <IconX size={16} />
          </ActionIcon>
        </>
      }
    >
      {error ? (
        <ErrorState error={error} />
      ) : !data ? (
        <Skeleton height={180} m="md" />
      ) : (
        <>
          <SimpleTable<Pair>
            label={t('pairs.title')}
            rows={data.items}
            rowKey={(p) => `${p.from} ${p.to} ${p.protocol} ${p.port}`}
            columns={[
              {
                key: 'from',
                header: t('matrix.from'),
                cell: (p) => <Side id={p.from} label={p.from_label} />,
              },
              { key: 'to', header: t('matrix.to'), cell: (p) => <Side id={p.to} label={p.to_label} /> },
              {
                key: 'protocol',
                header: t('pairs.protocol'),
                cell: (p) => (
                  <Button size="compact-xs" variant="light" onClick={() => narrow(p.protocol)}>
                    {p.protocol || '–'} {p.port}
                  </Button>
                ),
              },
              { key: 'flows', header: t('by.flows'), cell: (p) => <Count value={p.flows} />, right: true },
              { key: 'out', header: t('pairs.out'), cell: (p) => <Bytes value={p.bytes_out} />, right: true },
              { key: 'in', header: t('pairs.in'), cell: (p) => <Bytes value={p.bytes_in} />, right: true },
            ]}
          />
          {data.total > data.items.length && (
            <Button
              variant="subtle"
              m="xs"
              onClick={() => setLimit(Math.min(500, limit * 3))}
              disabled={limit >= 500}
            >
              {t('pairs.more', { count: data.total - data.items.length })}
            </Button>
          )}
        </>
      )}
    </Panel>
  );
}

/** A device by its name, or the address of an outsider. */
function Side({ id, label }: { id: string; label: string }) {
  const address = /^[0-9a-f:.]+$/i.test(id) && (id.includes('.') || id.includes(':'));
  if (address)
    return (
      <Inert
        value={label && label !== id ? `${label} (${id})` : id}
        limit={60}
        mono={!label || label === id}
      />
    );
  return (
    <Link to={`/devices/${encodeURIComponent(id)}`}>
      <Inert value={label || id} limit={60} />
    </Link>
  );
}
