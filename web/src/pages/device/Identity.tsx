import { useTranslation } from 'react-i18next';
import type { DeviceDetail } from '@/api/types';
import { formatShare } from '@/lib/format';
import { known, typeName } from '@/lib/words';
import { Tag } from '@/widgets/badges';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Count, Time } from '@/widgets/values';
import css from './device.module.css';

const beliefs = ['type', 'vendor', 'model', 'os', 'firmware', 'serial'] as const;
type Name = (typeof beliefs)[number];
type Belief = DeviceDetail['believed'][Name];

/** What is believed, how firmly, and what was seen that speaks for it. */
export function IdentityTab({ device: d }: { device: DeviceDetail }) {
  const { t, i18n } = useTranslation(['device', 'devices', 'types']);
  const rows = beliefs.map((name) => {
    const set = name === 'type' || name === 'vendor' || name === 'model' ? d.set[name] : undefined;
    return { name, set: set || undefined, belief: d.believed[name] };
  });
  const word = (name: Name, value: string) => (name === 'type' ? typeName(t, value) : value);
  const why = (b: Belief) => (b.seen ? <Inert value={b.seen} limit={120} /> : <span className="dim">–</span>);
  return (
    <>
      <Panel title={t('identity')} flush>
        <SimpleTable
          label={t('identity')}
          rows={rows}
          rowKey={(r) => r.name}
          columns={[
            { key: 'what', header: t('belief.what'), cell: (r) => t(`belief.${r.name}`), tight: true },
            {
              key: 'value',
              header: t('belief.value'),
              cell: (r) => {
                const value = r.set ?? known(r.belief.belief);
                if (!value) return <span className="dim">{t('belief.unknown')}</span>;
                return (
                  <span className={css.tags}>
                    <b>
                      <Inert value={word(r.name, value)} limit={80} />
                    </b>
                    {r.set && <Tag tone="good">{t('belief.set')}</Tag>}
                    {r.set && known(r.belief.belief) && r.belief.belief !== r.set && (
                      <span className="dim">
                        {t('belief.else', { value: word(r.name, r.belief.belief) })}
                      </span>
                    )}
                  </span>
                );
              },
            },
            {
              key: 'confidence',
              header: t('belief.confidence'),
              right: true,
              cell: (r) =>
                r.set
                  ? formatShare(1, i18n.language)
                  : known(r.belief.belief)
                    ? formatShare(r.belief.confidence, i18n.language)
                    : '–',
            },
            {
              key: 'source',
              header: t('belief.source'),
              cell: (r) => (r.set ? t('belief.person') : r.belief.source || '–'),
              wideOnly: true,
            },
            {
              key: 'seen',
              header: t('belief.seen'),
              cell: (r) => (known(r.belief.belief) ? why(r.belief) : '–'),
            },
          ]}
        />
      </Panel>
      <Panel title={t('weighed')} flush>
        {d.evidence.length === 0 ? (
          <p className={css.calm}>{t('noEvidence')}</p>
        ) : (
          <SimpleTable
            label={t('weighed')}
            rows={d.evidence.map((e, i) => ({ ...e, key: `${i} ${e.belief} ${e.source}` }))}
            rowKey={(e) => e.key}
            columns={[
              {
                key: 'belief',
                header: t('belief.speaksFor'),
                cell: (e) => <Inert value={e.belief} limit={90} mono />,
              },
              {
                key: 'confidence',
                header: t('belief.weight'),
                right: true,
                cell: (e) => formatShare(e.confidence, i18n.language),
              },
              { key: 'source', header: t('belief.source'), cell: (e) => e.source },
              { key: 'seen', header: t('belief.seen'), cell: (e) => <Inert value={e.seen} limit={140} /> },
              {
                key: 'time',
                header: t('belief.time'),
                wideOnly: true,
                cell: (e) => (
                  <>
                    <Time value={e.time} />
                    {!!e.packet && (
                      <div className="dim">
                        {t('belief.packet')} <Count value={e.packet} />
                      </div>
                    )}
                  </>
                ),
              },
            ]}
          />
        )}
      </Panel>
    </>
  );
}
