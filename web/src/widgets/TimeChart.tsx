import { Skeleton } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import css from './TimeChart.module.css';

const Plot = lazy(() => import('./TimePlot'));

interface Line {
  label: string;
  values: readonly number[];
  /** A CSS variable of global.css. */
  color: string;
  /** Drawn with dashes, so that lines differ without their colours. */
  dashed?: boolean;
}

export interface TimeChartProps {
  /** What is shown, for those who cannot see it. */
  label: string;
  /** Milliseconds, ascending. */
  times: readonly number[];
  lines: readonly Line[];
  format(value: number): string;
  bars?: boolean;
  height?: number;
  /** A span was chosen with the mouse. */
  onSelect?(from: number, to: number): void;
}

/** Values over time. The same numbers are in a table for screen readers. */
export function TimeChart(props: TimeChartProps) {
  const { t } = useTranslation();
  const { label, times, lines, format, height = 180 } = props;
  const top = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), 0);
  return (
    <figure className={css.figure} aria-label={label}>
      <figcaption className={css.legend}>
        {lines.map((l) => (
          <span key={l.label}>
            <span
              className={css.swatch}
              data-dashed={l.dashed || undefined}
              style={{ borderColor: `var(${l.color})` }}
            />
            {l.label}
            <span className="sr-only">
              , {t('chart.most', { value: format(top(l.values)), count: times.length })}
            </span>
          </span>
        ))}
      </figcaption>
      <div style={{ height }} aria-hidden>
        <Suspense fallback={<Skeleton height={height} />}>
          <Plot {...props} height={height} />
        </Suspense>
      </div>
    </figure>
  );
}
