import { IconPlugConnectedX } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatCompact, formatCount, formatDuration } from '@/lib/format';
import { drain, type Mark, mark } from './health';
import css from './sensors.module.css';
import type { Sensor } from './shapes';

/** Says for each sensor whose line was cut what waits there and how long it will take. */
export function Backlogs({ sensors }: { sensors: readonly Sensor[] }) {
  return sensors.filter((s) => s.backlog > 0 && !s.revoked).map((s) => <Backlog key={s.id} sensor={s} />);
}

function Backlog({ sensor }: { sensor: Sensor }) {
  const { t, i18n } = useTranslation('sensors');
  const [marks, setMarks] = useState<Mark[]>([]);
  const { backlog, seen } = sensor;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a mark a report, even when the backlog stayed
  useEffect(() => {
    setMarks((m) => mark(m, { at: Date.now(), backlog }));
  }, [backlog, seen]);
  const going = drain(marks);
  const count = formatCount(backlog, i18n.language);
  return (
    <div className={css.backlog} role="status">
      <IconPlugConnectedX size={20} aria-hidden />
      <div>
        <strong>{t('backlog.title', { name: sensor.name })}</strong>
        <div>
          {going
            ? t('backlog.drains', {
                n: count,
                rate: formatCompact(going.rate, i18n.language),
                left: formatDuration(going.left * 1000),
              })
            : t('backlog.waits', { n: count })}
        </div>
      </div>
    </div>
  );
}
