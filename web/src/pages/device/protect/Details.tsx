import { Button, Drawer, Skeleton } from '@mantine/core';
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { hub } from '@/api/client';
import { flatten } from '@/lib/flatten';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Inert } from '@/widgets/Inert';
import { Count, Time } from '@/widgets/values';
import css from './protect.module.css';
import { type Block, type Opened, type Protect, type Sample, stopped } from './shapes';

interface Props {
  opened: Opened;
  protect: Protect;
  device: string;
  open(what: Opened): void;
  close(): void;
}

/** What is behind a number: exchanges, what would be blocked, or attacks. */
export function Details({ opened, protect, device, open, close }: Props) {
  const { t } = useTranslation('protect');
  const title =
    opened.what === 'exchanges' ? <Inert value={opened.title} limit={70} /> : t(`drawer.${opened.what}`);
  return (
    <Drawer opened onClose={close} position="right" size="lg" title={<strong>{title}</strong>}>
      {opened.what === 'blocked' ? (
        <Blocked blocked={protect.blocked} device={device} open={open} />
      ) : opened.what === 'attacks' ? (
        <Attacks protect={protect} />
      ) : (
        <Exchanges {...opened} device={device} />
      )}
    </Drawer>
  );
}

function Blocked({
  blocked,
  device,
  open,
}: {
  blocked: readonly Block[];
  device: string;
  open(what: Opened): void;
}) {
  const { t } = useTranslation('protect');
  if (blocked.length === 0) return <EmptyState title={t('blocked.none')} hint={t('blocked.noneHint')} />;
  return (
    <>
      <p className={css.lead}>{t('blocked.what')}</p>
      <ol className={css.list}>
        {blocked.slice(0, 200).map((b) => (
          <li key={`${b.direction} ${b.peer} ${b.transport} ${b.port} ${b.op} ${b.target} ${b.reason}`}>
            <b>
              <Inert value={b.text} limit={160} />
            </b>
            <span className={css.why}>
              <Inert value={b.why} limit={200} />
            </span>
            <span className="dim">
              <Count value={b.count} />× · <Time value={b.first} /> – <Time value={b.last} />
            </span>
            <span className={css.links}>
              <Button
                size="compact-xs"
                variant="light"
                onClick={() =>
                  open({
                    what: 'exchanges',
                    title: b.text,
                    samples: b.samples,
                    query: `host:${b.peer} dport:${b.port}`,
                    count: b.count,
                  })
                }
              >
                {t('drawer.facts')}
              </Button>
              <Link to={huntHref(device, `host:${b.peer} dport:${b.port}`)}>{t('drawer.hunt')}</Link>
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

function Attacks({ protect }: { protect: Protect }) {
  const { t } = useTranslation('protect');
  return (
    <>
      <p className={css.lead}>{t('attacks.what')}</p>
      <ol className={css.list}>
        {protect.attacks.map((a) => {
          const whole = stopped(a);
          const Icon = whole ? IconCircleCheck : IconCircleX;
          return (
            <li key={a.id} className={css.attack} data-tone={whole ? 'good' : 'bad'}>
              <Icon size={18} aria-hidden />
              <span>
                <b>{a.title}</b>
                <span>
                  {t('attacks.blocked', { n: a.blocked, all: a.exchanges })}
                  {a.through && ` · ${t('attacks.through', { what: a.through })}`}
                </span>
                <span className="dim">{a.source}</span>
              </span>
            </li>
          );
        })}
      </ol>
    </>
  );
}

function huntHref(device: string, query: string, event?: string): string {
  const params = new URLSearchParams({ device });
  if (query) params.set('q', query);
  if (event) params.set('event', event);
  return `/hunt?${params}`;
}

function Exchanges({
  samples,
  query,
  count,
  device,
}: {
  samples: readonly Sample[];
  query: string;
  count: number;
  device: string;
}) {
  const { t } = useTranslation('protect');
  return (
    <>
      <p className={css.lead}>{t('drawer.samples', { count })}</p>
      <Button component={Link} to={huntHref(device, query)} variant="default" size="compact-sm" mb="md">
        {t('drawer.huntAll')}
      </Button>
      {samples.length === 0 && <p className="dim">{t('drawer.gone')}</p>}
      <ol className={css.list}>
        {samples.map((s) => (
          <li key={`${s.fact} ${s.time} ${s.packet}`}>
            <span>
              <Time value={s.time} precise />
              {!!s.packet && (
                <span className="dim">
                  {' · '}
                  {t('drawer.packet')} <Count value={s.packet} />
                  {s.capture && (
                    <>
                      {' '}
                      <Inert value={s.capture} limit={40} />
                    </>
                  )}
                </span>
              )}
            </span>
            {s.fact && <Fact id={s.fact} />}
            {s.fact && (
              <span className={css.links}>
                <Link to={huntHref(device, query, s.fact)}>{t('drawer.all')}</Link>
              </span>
            )}
          </li>
        ))}
      </ol>
    </>
  );
}

const hidden =
  /^(timestamp|flow_id|host|pcap_cnt|src_mac|dest_mac|event_type|community_id|tx_id|edgeward_eve|ether\..*)$/;

/** The first fields of a fact. */
function Fact({ id }: { id: string }) {
  const { data, error } = hub.useQuery('get', '/api/v1/events/{id}', { params: { path: { id } } });
  if (error) return <ErrorState error={error} />;
  if (!data) return <Skeleton height={70} />;
  return (
    <dl className={css.fact}>
      {flatten(data.fact as unknown)
        .filter(([name]) => !hidden.test(name))
        .slice(0, 12)
        .map(([name, value], i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same field may stand twice
          <div key={`${name} ${i}`}>
            <dt>{name}</dt>
            <dd>
              <Inert value={value} limit={100} mono />
            </dd>
          </div>
        ))}
    </dl>
  );
}
