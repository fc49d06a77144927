// The drawing part of TimeChart, in a chunk of its own with uPlot.
import 'uplot/dist/uPlot.min.css';
import { useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import uPlot from 'uplot';
import { formatTime } from '@/lib/format';
import { usePrefs } from '@/lib/prefs';
import type { TimeChartProps } from './TimeChart';
import css from './TimeChart.module.css';

function variable(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export default function TimePlot({ times, lines, format, bars, height = 180, onSelect }: TimeChartProps) {
  const { i18n } = useTranslation();
  const { utc } = usePrefs();
  const colorScheme = useComputedColorScheme('light');
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<{ index: number; left: number }>();
  const latest = useRef({ format, onSelect });
  latest.current = { format, onSelect };

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme changes what the variables hold
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const ink = variable('--ink-3');
    const grid = { stroke: variable('--line'), width: 1 };
    const clock = new Intl.DateTimeFormat(i18n.language, {
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
      timeZone: utc ? 'UTC' : undefined,
    });
    const day = new Intl.DateTimeFormat(i18n.language, {
      month: 'short',
      day: 'numeric',
      timeZone: utc ? 'UTC' : undefined,
    });
    const font = `11px ${getComputedStyle(element).fontFamily}`;
    const options: uPlot.Options = {
      width: element.clientWidth,
      height,
      ms: 1,
      legend: { show: false },
      cursor: { drag: { x: !!onSelect, y: false, setScale: false }, points: { size: 7 } },
      scales: { x: { time: true }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
      axes: [
        {
          stroke: ink,
          font,
          grid: { show: false },
          size: 30,
          ticks: { stroke: grid.stroke, width: 1, size: 4 },
          values: (_, ticks, __, ___, step) => ticks.map((v) => (step >= 86_400_000 ? day : clock).format(v)),
        },
        {
          stroke: ink,
          font,
          grid,
          ticks: { show: false },
          size: 64,
          values: (_, ticks) => ticks.map((v) => latest.current.format(v)),
        },
      ],
      series: [
        {},
        ...lines.map((l): uPlot.Series => {
          const color = variable(l.color);
          return {
            stroke: color,
            width: bars ? 0 : 1.75,
            dash: l.dashed ? [5, 4] : undefined,
            fill: bars ? color : `${color}1f`,
            paths: bars ? uPlot.paths.bars?.({ size: [0.75, 60], radius: 0.15 }) : uPlot.paths.spline?.(),
            points: { show: false },
          };
        }),
      ],
      hooks: {
        setCursor: [
          (u) => {
            const { idx, left } = u.cursor;
            setAt(
              idx == null || left == null || left < 0
                ? undefined
                : { index: idx, left: left + u.bbox.left / devicePixelRatio },
            );
          },
        ],
        setSelect: [
          (u) => {
            if (u.select.width < 4) return;
            latest.current.onSelect?.(
              u.posToVal(u.select.left, 'x'),
              u.posToVal(u.select.left + u.select.width, 'x'),
            );
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    };
    const plot = new uPlot(options, [times as number[], ...lines.map((l) => l.values as number[])], element);
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
      setAt(undefined);
    };
  }, [times, lines, bars, height, utc, i18n.language, colorScheme]);

  const width = box.current?.clientWidth ?? 0;
  return (
    <div className={css.plot} ref={box}>
      {at && times[at.index] !== undefined && (
        <div
          className={css.tip}
          style={at.left > width / 2 ? { right: width - at.left + 12 } : { left: at.left + 12 }}
        >
          <b>{formatTime(times[at.index], { language: i18n.language, utc })}</b>
          {lines.map((l) => (
            <span key={l.label}>
              {l.label}
              <span className="num">{format(l.values[at.index] ?? 0)}</span>
            </span>
          ))}
        </div>
      )}
    </div>
  );
}
