import { useTranslation } from 'react-i18next';
import { formatShare } from '@/lib/format';
import { Tag } from '@/widgets/badges';
import { type Column, SimpleTable } from '@/widgets/SimpleTable';
import { Ago, Bytes, Count, Mono } from '@/widgets/values';
import { StateTag } from './StateTag';
import css from './sensors.module.css';
import type { Sensor } from './shapes';

interface Props {
  sensors: readonly Sensor[];
  chosen: string;
  open: (id: string) => void;
}

export function SensorTable({ sensors, chosen, open }: Props) {
  const { t, i18n } = useTranslation('sensors');
  const columns: Column<Sensor>[] = [
    {
      key: 'name',
      header: t('column.name'),
      cell: (s) => (
        <span className={css.name}>
          <button type="button" className={css.open} onClick={() => open(s.id)}>
            {s.name}
          </button>
          <span className="dim">{s.site || t('noSite')}</span>
        </span>
      ),
    },
    { key: 'state', header: t('column.state'), cell: (s) => <StateTag state={s.state} />, tight: true },
    {
      key: 'seen',
      header: t('column.seen'),
      cell: (s) => (s.seen ? <Ago value={s.seen} /> : t('neverHeard')),
      tight: true,
    },
    {
      key: 'interfaces',
      header: t('column.interfaces'),
      cell: (s) =>
        s.interfaces?.length ? <Mono>{s.interfaces.join(', ')}</Mono> : <span className="dim">–</span>,
      wideOnly: true,
    },
    { key: 'traffic', header: t('column.traffic'), cell: (s) => <Bytes value={s.bytes} />, right: true },
    { key: 'facts', header: t('column.facts'), cell: (s) => <Count value={s.facts} />, right: true },
    {
      key: 'loss',
      header: t('column.loss'),
      cell: (s) => {
        const lost = s.loss?.kernel_drops ?? 0;
        const share = lost / Math.max(1, lost + s.packets);
        return lost > 0 ? (
          <Tag tone={share > 0.01 ? 'bad' : 'warn'}>{formatShare(share, i18n.language)}</Tag>
        ) : (
          <span className="dim">0 %</span>
        );
      },
      right: true,
    },
    {
      key: 'backlog',
      header: t('column.backlog'),
      cell: (s) => (s.backlog > 0 ? <Count value={s.backlog} /> : <span className="dim">0</span>),
      right: true,
    },
    {
      key: 'version',
      header: t('column.version'),
      cell: (s) => (
        <span>
          <Mono>{s.version || '–'}</Mono>
          {s.wanted?.version && s.wanted.version !== s.version && <Tag tone="accent">{t('pending')}</Tag>}
        </span>
      ),
      wideOnly: true,
    },
  ];
  return (
    <SimpleTable
      label={t('title')}
      columns={columns}
      rows={sensors}
      rowKey={(s) => s.id}
      faded={(s) => s.revoked}
      current={chosen}
    />
  );
}
