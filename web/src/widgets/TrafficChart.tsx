import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Series } from '@/api/types';
import { formatBytes, parseTime } from '@/lib/format';
import { TimeChart } from './TimeChart';

/** Bytes in and out over time. */
export function TrafficChart({ series, height }: { series: Series; height?: number }) {
  const { t, i18n } = useTranslation();
  const times = useMemo(() => series.points.map((p) => parseTime(p.time) ?? 0), [series]);
  const lines = useMemo(
    () => [
      { label: t('traffic.in'), values: series.points.map((p) => p.bytes_in), color: '--accent' },
      {
        label: t('traffic.out'),
        values: series.points.map((p) => p.bytes_out),
        color: '--sev-medium',
        dashed: true,
      },
    ],
    [series, t],
  );
  if (times.length === 0) return <p className="dim">{t('traffic.none')}</p>;
  return (
    <TimeChart
      label={t('traffic.label')}
      times={times}
      lines={lines}
      height={height}
      format={(v) => formatBytes(v, i18n.language)}
    />
  );
}
