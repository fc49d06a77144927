import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { components } from '@/api/schema';
import { formatBytes, formatCompact } from '@/lib/format';
import { inert } from '@/lib/inert';
import { Inert } from '@/widgets/Inert';
import { useZoneName } from './index';
import { shade, value } from './shade';
import css from './zones.module.css';

type MatrixShape = components['schemas']['Matrix'];
export type Cell = components['schemas']['MatrixCell'];

interface Props {
  matrix: MatrixShape;
  by: 'bytes' | 'flows' | 'pairs';
  from: string;
  to: string;
  choose: (from: string, to: string) => void;
}

/** A grid of zones by zones. Arrows move, Enter opens the pairs. */
export function Matrix({ matrix, by, from, to, choose }: Props) {
  const { t, i18n } = useTranslation('zones');
  const name = useZoneName();
  const cells = useMemo(() => new Map(matrix.cells.map((c) => [`${c.from}\n${c.to}`, c])), [matrix]);
  const most = Math.max(1, ...matrix.cells.map((c) => value(c, by)));
  const zones = matrix.zones;
  const [at, setAt] = useState<[number, number]>([
    Math.max(0, zones.indexOf(from)),
    Math.max(0, zones.indexOf(to)),
  ]);
  const grid = useRef<HTMLTableElement>(null);
  const write = (n: number) =>
    by === 'bytes' ? formatBytes(n, i18n.language) : formatCompact(n, i18n.language);

  const move = (e: KeyboardEvent, row: number, column: number) => {
    const step: Record<string, [number, number]> = {
      ArrowUp: [-1, 0],
      ArrowDown: [1, 0],
      ArrowLeft: [0, -1],
      ArrowRight: [0, 1],
    };
    const by2 = step[e.key];
    const next: [number, number] | undefined =
      e.key === 'Home'
        ? [row, 0]
        : e.key === 'End'
          ? [row, zones.length - 1]
          : by2 && [row + by2[0], column + by2[1]];
    if (!next) return;
    e.preventDefault();
    const bounded: [number, number] = [
      Math.min(Math.max(next[0], 0), zones.length - 1),
      Math.min(Math.max(next[1], 0), zones.length - 1),
    ];
    setAt(bounded);
    grid.current?.querySelector<HTMLElement>(`[data-at="${bounded[0]} ${bounded[1]}"]`)?.focus();
  };

  return (
    <div className={css.scroll}>
      <table className={css.matrix} aria-label={t('matrix.title')} ref={grid}>
        <thead>
          <tr>
            <th scope="col" className={css.corner}>
              {t('matrix.from')} ↓ {t('matrix.to')} →
            </th>
            {zones.map((z) => (
              <th key={z} scope="col">
                <Inert value={name(z)} limit={30} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {zones.map((a, row) => (
            <tr key={a}>
              <th scope="row">
                <Inert value={name(a)} limit={30} />
              </th>
              {zones.map((b, column) => {
                const cell = cells.get(`${a}\n${b}`);
                const n = cell ? value(cell, by) : 0;
                const here = a === from && b === to;
                return (
                  <td key={b}>
                    <button
                      type="button"
                      className={css.cell}
                      data-at={`${row} ${column}`}
                      data-shade={shade(n, most)}
                      data-chosen={here || undefined}
                      aria-pressed={here}
                      tabIndex={row === at[0] && column === at[1] ? 0 : -1}
                      disabled={!cell && !(row === at[0] && column === at[1])}
                      aria-label={
                        cell
                          ? t('matrix.cell', {
                              from: inert(name(a), 40),
                              to: inert(name(b), 40),
                              bytes: formatBytes(cell.bytes_out + cell.bytes_in, i18n.language),
                              flows: formatCompact(cell.flows, i18n.language),
                              protocols: cell.protocols.slice(0, 6).join(', '),
                            })
                          : t('matrix.nothing', { from: inert(name(a), 40), to: inert(name(b), 40) })
                      }
                      onFocus={() => setAt([row, column])}
                      onKeyDown={(e) => move(e, row, column)}
                      onClick={() => cell && choose(a, b)}
                    >
                      {cell ? (
                        <>
                          <strong className="num">{write(n)}</strong>
                          <span className={css.protocols}>{cell.protocols.slice(0, 3).join(' ')}</span>
                        </>
                      ) : (
                        <span aria-hidden>·</span>
                      )}
                    </button>
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
