import { SegmentedControl, Switch, UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useCan } from '@/app/session';
import { formatBytes, formatCount } from '@/lib/format';
import { Tag } from '@/widgets/badges';
import { EmptyState } from '@/widgets/EmptyState';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { Way } from './Lanes';
import css from './protect.module.css';
import type { Line, Opened, Profile, Protect } from './shapes';

interface Props {
  protect: Protect;
  profile: Profile | null;
  saved: boolean;
  show(which: 'proposal' | 'saved'): void;
  consent: readonly string[];
  setConsent(ids: readonly string[]): void;
  open(what: Opened): void;
}

/** What the proposal, or the profile in force, lets the device do. */
export function Allowed({ protect, profile, saved, show, consent, setConsent, open }: Props) {
  const { t } = useTranslation('protect');
  const lines = [...(profile?.rules ?? [])].sort((a, b) => b.evidence.count - a.evidence.count);
  return (
    <Panel
      title={t('allowed.title')}
      className={css.column}
      aside={
        protect.current ? (
          <SegmentedControl
            size="xs"
            aria-label={t('allowed.which')}
            value={saved ? 'saved' : 'proposal'}
            onChange={(v) => show(v === 'saved' ? 'saved' : 'proposal')}
            data={[
              { value: 'proposal', label: t('allowed.proposal') },
              { value: 'saved', label: t('allowed.saved') },
            ]}
          />
        ) : (
          <Tag>{t('allowed.proposal')}</Tag>
        )
      }
    >
      {!profile ? (
        <EmptyState
          title={t('allowed.none')}
          hint={t(
            protect.device.roles.includes('gateway')
              ? 'allowed.gateway'
              : protect.curve.some((c) => c.lines > 0)
                ? 'allowed.noneHint'
                : 'allowed.leftOut',
          )}
        />
      ) : (
        <>
          <p className={css.quiet}>{t('allowed.rest')}</p>
          {lines.map((l) => (
            <Allow
              key={l.id}
              line={l}
              open={open}
              consented={consent.includes(l.id)}
              set={
                saved
                  ? undefined
                  : (yes) => setConsent(yes ? [...consent, l.id] : consent.filter((id) => id !== l.id))
              }
            />
          ))}
        </>
      )}
    </Panel>
  );
}

function Allow({
  line: l,
  consented,
  set,
  open,
}: {
  line: Line;
  consented: boolean;
  set?: (yes: boolean) => void;
  open(what: Opened): void;
}) {
  const { t, i18n } = useTranslation('protect');
  const can = useCan('operator');
  const bytes = (n: number) => formatBytes(n, i18n.language);
  const limits = [
    l.limits.per_hour && t('limit.per_hour', { n: formatCount(l.limits.per_hour, i18n.language) }),
    l.limits.per_second && t('limit.per_second', { n: formatCount(l.limits.per_second, i18n.language) }),
    l.limits.bytes_out_ph && t('limit.bytes_out', { n: bytes(l.limits.bytes_out_ph) }),
    l.limits.bytes_in_ph && t('limit.bytes_in', { n: bytes(l.limits.bytes_in_ph) }),
    l.limits.bytes_message && t('limit.message', { n: bytes(l.limits.bytes_message) }),
    l.hours.length > 0 && t('limit.hours', { hours: l.hours.join(', ') }),
  ].filter((x): x is string => !!x);
  const where = [l.protocol, l.transport, l.ports.join(', ')].filter(Boolean).join(' ');
  return (
    <article className={css.allow} data-proposed={(l.proposed && !consented) || undefined}>
      <header>
        <Way direction={l.direction} />
        <h3>
          <Inert value={l.peer} limit={70} />
        </h3>
        <span className={css.kind}>{t(`peerKind.${l.peer_kind}`, { defaultValue: l.peer_kind })}</span>
        {l.evidence.count > 0 && (
          <UnstyledButton
            className={css.count}
            aria-label={t('lanes.open', { count: l.evidence.count })}
            onClick={() =>
              open({
                what: 'exchanges',
                title: l.peer,
                samples: l.evidence.samples,
                query: /^\d+$/.test(l.ports[0] ?? '') ? `dport:${l.ports[0]}` : '',
                count: l.evidence.count,
              })
            }
          >
            {formatCount(l.evidence.count, i18n.language)}×
          </UnstyledButton>
        )}
      </header>
      <p className={css.where}>{where || t('allowed.any')}</p>
      {l.verbs.length > 0 && (
        <ul className={css.verbs}>
          {l.verbs.map((v) => (
            <li key={`${v.op} ${v.targets.join(' ')} ${v.as.join(' ')}`}>
              <b>{v.op}</b>
              {v.targets.map((x) => (
                <code key={x}>
                  <Inert value={x} limit={60} />
                </code>
              ))}
              {v.as.length > 0 && (
                <span className="dim">
                  {t('allowed.as')} <Inert value={v.as.join(', ')} limit={60} />
                </span>
              )}
              {v.max_size > 0 && <span className="dim">≤ {bytes(v.max_size)}</span>}
            </li>
          ))}
        </ul>
      )}
      {limits.length > 0 && <p className={css.ceilings}>{limits.join(' · ')}</p>}
      {l.note && (
        <p className={css.quiet}>
          <Inert value={l.note} />
        </p>
      )}
      {l.proposed && (
        <div className={css.consent}>
          <span>{t('consent.what')}</span>
          {set && (
            <Switch
              size="sm"
              label={t('consent.give')}
              checked={consented}
              disabled={!can}
              onChange={(e) => set(e.currentTarget.checked)}
            />
          )}
        </div>
      )}
    </article>
  );
}
