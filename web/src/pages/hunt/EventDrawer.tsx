import { ActionIcon, Drawer, Group, Skeleton, Stack, TextInput } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { hub } from '@/api/client';
import { flatten } from '@/lib/flatten';
import { Tag } from '@/widgets/badges';
import { ErrorState } from '@/widgets/ErrorState';
import { Inert } from '@/widgets/Inert';
import { Copyable } from '@/widgets/Once';
import { Time } from '@/widgets/values';
import { endpoint } from './columns';
import css from './hunt.module.css';
import { Pivot } from './Pivot';

interface Props {
  id: string;
  close: () => void;
  pivot: (field: string, value: string, without: boolean) => void;
  top: (field: string) => void;
}

/** Names of the envelope in EVE, and what the query calls them. */
const asked: Record<string, string> = {
  event_type: 'kind',
  app_proto: 'proto',
  src_ip: 'src',
  dest_ip: 'dst',
  src_port: 'sport',
  dest_port: 'dport',
  src_mac: 'src_mac',
  dest_mac: 'dst_mac',
  proto: 'transport',
  flow_id: 'flow',
  vlan: 'vlan',
  host: 'sensor',
  pcap_filename: 'capture',
  pcap_cnt: 'packet',
};

/** One fact with all its fields; each value leads on. */
export function EventDrawer({ id, close, pivot, top }: Props) {
  const { t } = useTranslation('hunt');
  const [search, setSearch] = useState('');
  const { data, error } = hub.useQuery('get', '/api/v1/events/{id}', { params: { path: { id } } });
  const known = hub.useQuery('get', '/api/v1/events/fields', {}, { staleTime: Infinity });
  const names = new Set(known.data?.map((f) => f.name));
  const fact = data?.fact as unknown;
  const rows = flatten(fact).filter(([name, value]) =>
    `${name} ${value}`.toLowerCase().includes(search.toLowerCase()),
  );
  return (
    <Drawer
      closeButtonProps={{ 'aria-label': t('common:close') }}
      opened
      onClose={close}
      position="right"
      size="xl"
      title={<strong>{t('event.title')}</strong>}
    >
      {error ? (
        <ErrorState error={error} />
      ) : !data ? (
        <Skeleton height={360} />
      ) : (
        <Stack gap="sm">
          <Group gap="xs">
            <Tag tone="accent">{data.kind}</Tag>
            <Time value={data.time} precise />
          </Group>
          <div className={css.sides}>
            <Side
              label={t('columns.src')}
              address={endpoint(data.src_ip, data.src_port) || data.src_mac}
              device={data.src_device}
            />
            <Side
              label={t('columns.dst')}
              address={endpoint(data.dest_ip, data.dest_port) || data.dest_mac}
              device={data.dest_device}
            />
          </div>
          <TextInput
            type="search"
            aria-label={t('event.search')}
            placeholder={t('event.search')}
            value={search}
            onChange={(e) => setSearch(e.currentTarget.value)}
          />
          <dl className={css.fields}>
            {rows.map(([name, value], i) => {
              const field = asked[name] ?? name;
              const can = names.has(field) || name in asked;
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: the same field may stand twice with the same value
                <div key={`${name} ${i}`}>
                  <dt>{name}</dt>
                  <dd>
                    <Inert value={value} limit={400} />
                  </dd>
                  <dd className={css.acts}>
                    {can && (
                      <>
                        <Pivot field={field} value={value} pivot={pivot} />
                        <ActionIcon
                          size="sm"
                          aria-label={t('top.of', { field })}
                          title={t('top.of', { field })}
                          onClick={() => top(field)}
                        >
                          <IconChartBar size={15} />
                        </ActionIcon>
                      </>
                    )}
                  </dd>
                </div>
              );
            })}
          </dl>
          <details>
            <summary className="dim">{t('event.json')}</summary>
            <Copyable value={JSON.stringify(fact, null, 2).slice(0, 100_000)} label={t('event.json')} />
          </details>
        </Stack>
      )}
    </Drawer>
  );
}

function Side({ label, address, device }: { label: string; address: string; device: string | null }) {
  const { t } = useTranslation('hunt');
  return (
    <div>
      <span className="dim">{label}</span>
      <span className="mono">{address}</span>
      {device && <Link to={`/devices/${encodeURIComponent(device)}`}>{t('event.device')}</Link>}
    </div>
  );
}
