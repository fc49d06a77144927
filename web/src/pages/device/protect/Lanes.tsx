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

/** Everything with one peer. */
interface Peer {
  key: string;
  first: Lane;
  lanes: Lane[];
  refused: number;
}

function peersOf(lanes: readonly Lane[]): Peer[] {
  const out = new Map<string, Peer>();
  for (const l of lanes) {
    const key = l.role || l.device || l.peer_label || l.peer;
    const p = out.get(key) ?? { key, first: l, lanes: [], refused: 0 };
    p.lanes.push(l);
    p.refused += l.refused;
    out.set(key, p);
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
          {peer.lanes.map((l) => (
            <div
              key={`${l.direction} ${l.transport} ${l.port} ${l.protocol} ${l.op}`}
              className={css.lane}
              data-refused={l.refused > 0 || undefined}
            >
              <Way direction={l.direction} />
              <div className={css.verb}>
                <b>{l.op || t('lanes.flow')}</b>{' '}
                <span className="dim">
                  {l.protocol || t('lanes.unrecognised')} {l.transport}
                  {l.port > 0 && ` ${l.port}`}
                </span>
                {l.targets.length > 0 && (
                  <div className={css.targets}>
                    {l.targets.slice(0, 3).map((x) => (
                      <code key={x}>
                        <Inert value={x} limit={44} />
                      </code>
                    ))}
                    {l.targets.length + l.more_targets > 3 && (
                      <span className="dim">+{l.targets.length + l.more_targets - 3}</span>
                    )}
                  </div>
                )}
              </div>
              <Strip lane={l} />
              <div className={css.figures}>
                <UnstyledButton
                  className={css.count}
                  aria-label={t('lanes.open', { count: l.evidence.count })}
                  onClick={() =>
                    open({
                      what: 'exchanges',
                      title: `${l.op || l.protocol || l.transport} · ${l.peer_label || l.peer}`,
                      samples: l.evidence.samples,
                      query: queryOf(l),
                      count: l.evidence.count,
                    })
                  }
                >
                  {formatCount(l.evidence.count, i18n.language)}×
                </UnstyledButton>
                <Tooltip
                  label={t('lanes.between', { first: when(l.evidence.first), last: when(l.evidence.last) })}
                >
                  <span className="dim">
                    {formatBytes(l.evidence.bytes_out + l.evidence.bytes_in, i18n.language)}
                  </span>
                </Tooltip>
              </div>
            </div>
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
  return (
    <span
      className={css.strip}
      role="img"
      aria-label={t('lanes.between', {
        first: formatTime(parseTime(lane.evidence.first), style),
        last: formatTime(parseTime(lane.evidence.last), style),
      })}
    >
      {lane.strip.map((n, i) => (
        <i
          // biome-ignore lint/suspicious/noArrayIndexKey: spans of time in their order
          key={i}
          data-some={n > 0 || undefined}
          style={n > 0 ? { height: `${25 + (75 * n) / most}%` } : undefined}
        />
      ))}
    </span>
  );
}
