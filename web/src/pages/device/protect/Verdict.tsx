import { Progress, Select, Slider, Tooltip, UnstyledButton } from '@mantine/core';
import { IconAlertTriangle, IconShieldCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNow } from '@/lib/clock';
import { formatCount, parseTime } from '@/lib/format';
import { usePrefs } from '@/lib/prefs';
import { Panel } from '@/widgets/Panel';
import { windows } from './history';
import css from './protect.module.css';
import { Save } from './Save';
import { learnedNothing, type Opened, type Protect, stopped } from './shapes';

interface Props {
  protect: Protect;
  learn: number;
  consent: readonly string[];
  firstSeen: string | null;
  busy: boolean;
  change(to: { days?: number; learn?: number }): void;
  open(what: Opened): void;
}

/** The outcome in one sentence, and the slider that makes it. */
export function Verdict({ protect: p, learn, consent, firstSeen, busy, change, open }: Props) {
  const { t, i18n } = useTranslation('protect');
  const now = useNow();
  const { utc } = usePrefs();
  // While the slider moves, the curve already knows what comes out.
  const [moving, setMoving] = useState<number>();
  const at = moving ?? learn;
  const step = p.curve.find((c) => c.learn === at);
  const exchanges = step?.exchanges ?? p.proof.exchanges;
  const blocked = step?.would_block ?? p.proof.would_block;
  const n = (v: number) => formatCount(v, i18n.language);
  const attacked = p.attacks.filter(stopped).length;
  const choices = windows(firstSeen, now);
  const most = Math.max(1, ...p.curve.map((c) => c.would_block));
  const from = parseTime(p.from) ?? 0;
  const label = (day: number) =>
    new Intl.DateTimeFormat(i18n.language, {
      ...(p.unit === 'hour' ? { hour: '2-digit', minute: '2-digit' } : { day: 'numeric', month: 'short' }),
      hourCycle: 'h23',
      timeZone: utc ? 'UTC' : undefined,
    }).format(from + (day - 1) * (p.unit === 'hour' ? 3_600_000 : 86_400_000));
  const length = (count: number) => t(`length.${p.unit}`, { count });
  const empty = learnedNothing(p.profile);
  const clean = !empty && blocked === 0 && exchanges > 0;
  const roomy = p.days <= 16;
  return (
    <Panel className={css.verdict}>
      <div className={css.top}>
        <div className={css.outcome} aria-live="polite" aria-busy={busy}>
          {empty ? (
            <p className={css.sentence}>
              <IconAlertTriangle className={css.mark} data-tone="warn" aria-hidden />
              <span>
                {t('nothing.title', { length: length(at) })}{' '}
                <span className={css.quiet}>
                  {t(p.curve.some((c) => c.lines > 0) ? 'nothing.hint' : 'nothing.never')}
                </span>
              </span>
            </p>
          ) : (
            <p className={css.sentence}>
              {clean ? (
                <IconShieldCheck className={css.mark} data-tone="good" aria-hidden />
              ) : (
                <IconAlertTriangle className={css.mark} data-tone="warn" aria-hidden />
              )}
              <span>
                {t('say.after', { learned: length(at), proved: length(p.days - at) })}{' '}
                <b className="num">{t('say.exchanges', { count: exchanges, n: n(exchanges) })}</b>:{' '}
                <Figure tone={blocked === 0 ? 'good' : 'bad'} onClick={() => open({ what: 'blocked' })}>
                  {t('say.blocked', { n: n(blocked) })}
                </Figure>
                {p.attacks.length > 0 && (
                  <>
                    ; {t('say.replay')}{' '}
                    <Figure
                      tone={attacked === p.attacks.length ? 'good' : 'bad'}
                      onClick={() => open({ what: 'attacks' })}
                    >
                      {t('say.attacks', { n: attacked, all: p.attacks.length })}
                    </Figure>
                  </>
                )}
                {!!p.profile?.unseen.length && (
                  <>
                    ; {t('say.unseen')}{' '}
                    <b>{p.profile.unseen.map((u) => t(`unseen.${u}`, { defaultValue: u })).join(', ')}</b>
                  </>
                )}
                .
              </span>
            </p>
          )}
          {!empty && <Bound protect={p} />}
          {p.full && <p className={css.quiet}>{t('full')}</p>}
        </div>
        <Save protect={p} consent={consent} />
      </div>
      <div className={css.time}>
        <div className={css.timeHead}>
          <span>
            <i data-side="learn" aria-hidden /> {t('slider.learned', { length: length(at) })}
          </span>
          <span>
            <i data-side="prove" aria-hidden /> {t('slider.proved', { length: length(p.days - at) })}
          </span>
          <span className={css.quiet}>{t('slider.bars')}</span>
          {choices.length > 1 && (
            <Select
              size="xs"
              w={130}
              aria-label={t('slider.window')}
              allowDeselect={false}
              value={String(p.days)}
              data={[...new Set([...choices, p.days])]
                .sort((a, b) => a - b)
                .map((d) => ({
                  value: String(d),
                  label: t('slider.last', { length: t('length.day', { count: d }) }),
                }))}
              onChange={(v) => v && change({ days: Number(v), learn: 0 })}
            />
          )}
        </div>
        <div className={css.bars} aria-hidden>
          {Array.from({ length: p.days }, (_, i) => i + 1).map((day) => {
            const c = p.curve.find((x) => x.learn === day);
            return (
              <span key={day} data-side={day <= at ? 'learn' : 'prove'} data-here={day === at || undefined}>
                {roomy && <small>{label(day)}</small>}
                {roomy && c && c.lines > 0 && <b>{n(c.would_block)}</b>}
                {c && c.lines > 0 && (
                  <Tooltip
                    label={t('slider.step', {
                      length: length(day),
                      lines: c.lines,
                      blocked: n(c.would_block),
                      exchanges: n(c.exchanges),
                    })}
                  >
                    <i
                      data-zero={c.would_block === 0 || undefined}
                      style={{
                        height:
                          c.would_block === 0 ? 3 : 5 + (31 * Math.log1p(c.would_block)) / Math.log1p(most),
                      }}
                    />
                  </Tooltip>
                )}
              </span>
            );
          })}
        </div>
        <div className={css.slide} style={{ marginLeft: `${100 / p.days}%` }}>
          {p.days > 2 ? (
            <Slider
              min={1}
              max={p.days - 1}
              step={1}
              value={at}
              onChange={setMoving}
              onChangeEnd={(v) => {
                setMoving(undefined);
                change({ learn: v });
              }}
              label={length}
              thumbLabel={t('slider.label')}
              thumbValueText={t('slider.value', { learned: length(at), proved: length(p.days - at) })}
              styles={{ root: { width: `${(100 * (p.days - 2)) / (p.days - 1)}%` } }}
            />
          ) : (
            <p className={css.quiet}>{t('slider.short')}</p>
          )}
        </div>
        {p.unit === 'hour' && <p className={css.note}>{t('hours')}</p>}
      </div>
    </Panel>
  );
}

function Figure({
  tone,
  onClick,
  children,
}: {
  tone: 'good' | 'bad';
  onClick: () => void;
  children: string;
}) {
  return (
    <UnstyledButton
      component="button"
      type="button"
      className={css.number}
      data-tone={tone}
      onClick={onClick}
    >
      {children}
    </UnstyledButton>
  );
}

/** How far the number can be trusted. */
function Bound({ protect: { proof } }: { protect: Protect }) {
  const { t, i18n } = useTranslation('protect');
  const fine = (v: number) => new Intl.NumberFormat(i18n.language, { maximumSignificantDigits: 2 }).format(v);
  const share = Math.min(100, (100 * proof.device_days) / Math.max(proof.needed_device_days, 0.001));
  return (
    <div className={css.bound}>
      <Progress
        value={share}
        size="sm"
        color={proof.enough ? 'teal' : 'gray'}
        aria-label={t('bound.progress')}
      />
      <span>
        {proof.enough ? (
          t('bound.enough', { bound: fine(proof.bound), days: fine(proof.device_days) })
        ) : (
          <>
            <b>{t('bound.few')}</b>{' '}
            {t('bound.seen', { days: fine(proof.device_days), needed: fine(proof.needed_device_days) })}
            {proof.bound > 0 && <> {t('bound.sofar', { bound: fine(proof.bound) })}</>}
          </>
        )}
      </span>
    </div>
  );
}
