import { Button, Tooltip, UnstyledButton } from '@mantine/core';
import { IconArrowDownLeft, IconArrowUpRight, IconBan } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { formatBytes, formatCount, formatTime, parseTime } from '@/lib/format';
import { usePrefs } from '@/lib/prefs';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import css from './protect.module.css';
import type { Lane, Opened, Protect } from './shapes';

/** What is said over one port, and the bytes of it all. */
interface Service {
  key: string;
  lanes: Lane[];
  bytes: number;
}

/** Everything with one peer. */
interface Peer {
  key: string;
  first: Lane;
  services: Map<string, Service>;
  refused: number;
}

function peersOf(lanes: readonly Lane[]): Peer[] {
  const out = new Map<string, Peer>();
  for (const l of lanes) {
    const key = l.role || l.device || l.peer_label || l.peer;
    const peer = out.get(key) ?? { key, first: l, services: new Map<string, Service>(), refused: 0 };
    out.set(key, peer);
    peer.refused += l.refused;
    const port = `${l.direction} ${l.protocol} ${l.transport} ${l.port}`;
    const service = peer.services.get(port) ?? { key: port, lanes: [], bytes: 0 };
    peer.services.set(port, service);
    service.bytes += l.evidence.bytes_out + l.evidence.bytes_in;
    // A flow whose verbs are lanes of their own counts no exchange itself.
    if (l.evidence.count > 0) service.lanes.push(l);
  }
  return [...out.values()];
}

/** The facts of a lane, for Hunt. */
function queryOf(l: Lane): string {
  return [l.role ? '' : `host:${l.peer}`, l.port ? `dport:${l.port}` : ''].filter(Boolean).join(' ');
}

/** What the device does: a lane for each peer and verb. */
export function Lanes({ protect: p, open }: { protect: Protect; open(what: Opened): void }) {
  const { t, i18n } = useTranslation('protect');
  const { utc } = usePrefs();
  const [all, setAll] = useState(false);
  const peers = useMemo(() => peersOf(p.lanes), [p.lanes]);
  const shown = all ? peers : peers.slice(0, 10);
  const style = { language: i18n.language, utc };
  const when = (s: string | null) => formatTime(parseTime(s), style);
  return (
    <Panel
      title={t('lanes.title')}
      aside={
        p.lanes.length > 0 && (
          <span className="num">
            {when(p.first)} – {when(p.last)}
          </span>
        )
      }
      className={css.column}
    >
      {peers.length === 0 && <p className="dim">{t('lanes.none')}</p>}
      {shown.map((peer) => (
        <section key={peer.key} className={css.peer}>
          <h3>
            {peer.first.role ? (
              t(`role.${peer.first.role}`, { defaultValue: peer.first.role })
            ) : peer.first.device ? (
              <Link to={`/devices/${encodeURIComponent(peer.first.device)}`}>
                <Inert value={peer.first.peer_label || peer.first.peer} limit={50} />
              </Link>
            ) : (
              <Inert value={peer.first.peer_label || peer.first.peer} limit={50} />
            )}
            {!peer.first.role && peer.first.peer_label && peer.first.peer_label !== peer.first.peer && (
              <span className="mono dim"> {peer.first.peer}</span>
            )}
            {peer.refused > 0 && (
              <span className={css.refused}>
                <IconBan size={13} aria-hidden /> {t('lanes.refused', { count: peer.refused })}
              </span>
            )}
          </h3>
          {[...peer.services.values()].map((service) => (
            <Talk key={service.key} service={service} open={open} />
          ))}
        </section>
      ))}
      {!all && peers.length > shown.length && (
        <Button variant="subtle" size="compact-sm" onClick={() => setAll(true)}>
          {t('lanes.more', { count: peers.length - shown.length })}
        </Button>
      )}
    </Panel>
  );
}

function Talk({ service, open }: { service: Service; open(what: Opened): void }) {
  const { t, i18n } = useTranslation('protect');
  const l = service.lanes[0];
  if (!l) return null;
  return (
    <div className={css.service}>
      <Way direction={l.direction} />
      <span className={css.port}>
        {l.protocol || t('lanes.unrecognised')} {l.transport}
        {l.port > 0 && ` ${l.port}`}
      </span>
      <span className={css.volume}>{formatBytes(service.bytes, i18n.language)}</span>
      {service.lanes.map((lane) => (
        <div key={lane.op} className={css.lane} data-refused={lane.refused > 0 || undefined}>
          <div className={css.verb}>
            <b>{lane.op || t('lanes.flow')}</b>
            {lane.targets.slice(0, 3).map((x) => (
              <code key={x}>
                <Inert value={x} limit={44} />
              </code>
            ))}
            {lane.targets.length + lane.more_targets > 3 && (
              <span className="dim">+{lane.targets.length + lane.more_targets - 3}</span>
            )}
          </div>
          <Strip lane={lane} />
          <UnstyledButton
            className={css.count}
            aria-label={t('lanes.open', { count: lane.evidence.count })}
            onClick={() =>
              open({
                what: 'exchanges',
                title: `${lane.op || lane.protocol || lane.transport} · ${lane.peer_label || lane.peer}`,
                samples: lane.evidence.samples,
                query: queryOf(lane),
                count: lane.evidence.count,
              })
            }
          >
            {formatCount(lane.evidence.count, i18n.language)}×
          </UnstyledButton>
        </div>
      ))}
    </div>
  );
}

/** Which way it is asked. */
export function Way({ direction }: { direction: 'in' | 'out' }) {
  const { t } = useTranslation('protect');
  const Icon = direction === 'out' ? IconArrowUpRight : IconArrowDownLeft;
  return (
    <span className={css.way} data-way={direction} title={t(`way.${direction}`)}>
      <Icon size={15} aria-hidden />
      <span className="sr-only">{t(`way.${direction}`)}</span>
    </span>
  );
}

/** When it happened, in spans of equal length. */
function Strip({ lane }: { lane: Lane }) {
  const { t, i18n } = useTranslation('protect');
  const { utc } = usePrefs();
  const most = Math.max(1, ...lane.strip);
  const style = { language: i18n.language, utc };
  const between = t('lanes.between', {
    first: formatTime(parseTime(lane.evidence.first), style),
    last: formatTime(parseTime(lane.evidence.last), style),
  });
  return (
    <Tooltip label={between}>
      <span className={css.strip} role="img" aria-label={between}>
        {lane.strip.map((n, i) => (
          <i
            // biome-ignore lint/suspicious/noArrayIndexKey: spans of time in their order
            key={i}
            data-some={n > 0 || undefined}
            style={n > 0 ? { height: `${25 + (75 * n) / most}%` } : undefined}
          />
        ))}
      </span>
    </Tooltip>
  );
}
