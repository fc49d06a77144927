import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import type { Evidence, PacketEvidence } from '@/api/types';
import { flatten } from '@/lib/flatten';
import { Tag } from '@/widgets/badges';
import { Inert } from '@/widgets/Inert';
import { Time } from '@/widgets/values';
import css from './Packets.module.css';

interface Props {
  evidence: Evidence;
  sensors: string[];
  /** The packet itself, when it has been read: its addresses lead to its flow. */
  packet: PacketEvidence | undefined;
}

/** What the sensor made of exactly this packet; where it made nothing of it, of the flow that it is part of. */
export function PacketFacts({ evidence, sensors, packet }: Props) {
  const { t } = useTranslation('finding');
  const at = Date.parse(evidence.time ?? '');
  const span = (before: number, after: number) => ({
    from: new Date(at - before).toISOString(),
    to: new Date(at + after).toISOString(),
    ...(sensors.length > 0 && { sensor: sensors }),
  });
  const exact = hub.useQuery(
    'get',
    '/api/v1/events',
    { params: { query: { ...span(5, 5), q: `packet:${evidence.packet}`, limit: 20 } } },
    { enabled: !!evidence.packet && !Number.isNaN(at), staleTime: 60_000 },
  );
  const ends = packet && conversation(packet);
  const alone = !evidence.packet || exact.data?.items.length === 0;
  // A fact of a flow has the time of its end: it is looked for from a moment
  // before the packet up to an hour after it.
  const around = hub.useQuery(
    'get',
    '/api/v1/events',
    { params: { query: { ...span(1000, 3_600_000), q: ends ?? '', limit: 8, oldest: true } } },
    { enabled: alone && !!ends && !Number.isNaN(at), staleTime: 60_000 },
  );
  const asked = alone ? around : exact;
  const items = asked.data?.items ?? [];
  if (asked.isLoading) return <Skeleton height={60} mx={16} my={8} />;
  return (
    <section className={css.facts} aria-label={t('packetFacts')}>
      <h4>{alone && items.length > 0 ? t('flowFacts') : t('packetFacts')}</h4>
      {items.length === 0 && (
        <p className="dim">{t(alone && !ends && evidence.length > 0 ? 'factsNeedPacket' : 'noFacts')}</p>
      )}
      {items.map((e) => (
        <Fact key={e.id} id={e.id} kind={e.kind} time={e.time} open={items.length <= 3} />
      ))}
    </section>
  );
}

/** The places of a fact that all facts have; the packet beside shows them. */
const envelope = new Set(['timestamp', 'pcap_cnt', 'pcap_filename', 'host', 'flow_id']);

function Fact({ id, kind, time, open }: { id: string; kind: string; time: string | null; open: boolean }) {
  const { data } = hub.useQuery(
    'get',
    '/api/v1/events/{id}',
    { params: { path: { id } } },
    { staleTime: 300_000 },
  );
  const rows = flatten(data?.fact as unknown).filter(([name]) => !envelope.has(name));
  return (
    <details open={open}>
      <summary>
        <Tag tone="accent">{kind}</Tag> <Time value={time} precise />
      </summary>
      {data ? (
        <dl>
          {rows.map(([name, value], i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same field may stand twice with the same value
            <div key={`${name} ${i}`}>
              <dt>{name}</dt>
              <dd className="mono">
                <Inert value={value} limit={300} />
              </dd>
            </div>
          ))}
        </dl>
      ) : (
        <Skeleton height={40} />
      )}
    </details>
  );
}

/** A query for the flow of a packet, whichever side began it. */
export function conversation(packet: PacketEvidence): string | undefined {
  const value = (name: string) => {
    for (let i = packet.layers.length - 1; i >= 0; i--) {
      const found = packet.layers[i]?.fields.find((f) => f.name === name);
      if (found && !/^([\da-f]{2}:){5}[\da-f]{2}$/i.test(found.value)) return found.value;
    }
    return undefined;
  };
  const [src, dst] = [value('source'), value('destination')];
  if (!src || !dst || !/^[\da-fA-F.:]+$/.test(src + dst)) return undefined;
  const [sport, dport] = [value('source port'), value('destination port')];
  const ports = sport && dport && /^\d+$/.test(sport + dport) ? ` port:${sport} port:${dport}` : '';
  return `host:"${src}" host:"${dst}"${ports}`;
}
