import { IconBan, IconCircleCheckFilled } from '@tabler/icons-react';
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
  by: 'bytes' | 'flows' | 'pairs' | 'policy';
  from: string;
  to: string;
  choose: (from: string, to: string) => void;
}

/** A grid of zones by zones. Arrows move, Enter opens the pairs. */
export function Matrix({ matrix, by, from, to, choose }: Props) {
  const { t, i18n } = useTranslation('zones');
  const name = useZoneName();
  const cells = useMemo(() => new Map(matrix.cells.map((c) => [`${c.from}\n${c.to}`, c])), [matrix]);
  const measure = by === 'policy' ? 'flows' : by;
  const most = Math.max(1, ...matrix.cells.map((c) => value(c, measure)));
  const zones = matrix.zones;
  const [at, setAt] = useState<[number, number]>([
    Math.max(0, zones.indexOf(from)),
    Math.max(0, zones.indexOf(to)),
  ]);
  const grid = useRef<HTMLTableElement>(null);
  const write = (n: number) =>
    by === 'bytes' ? formatBytes(n, i18n.language) : formatCompact(n, i18n.language);

  const said = (c: Cell, brief = false) =>
    t(brief ? `brief.${c.policy}` : `said.${c.policy}`, {
      blocked: formatCompact(c.would_block, i18n.language),
      flows: formatCompact(c.flows, i18n.language),
    });

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
                const n = cell ? value(cell, measure) : 0;
                const here = a === from && b === to;
                return (
                  <td key={b}>
                    <button
                      type="button"
                      className={css.cell}
                      data-at={`${row} ${column}`}
                      data-shade={by === 'policy' ? 0 : shade(n, most)}
                      data-policy={by === 'policy' ? cell?.policy : undefined}
                      data-chosen={here || undefined}
                      aria-pressed={here}
                      tabIndex={row === at[0] && column === at[1] ? 0 : -1}
                      disabled={!cell && !(row === at[0] && column === at[1])}
                      aria-label={
                        cell
                          ? `${t('matrix.cell', {
                              from: inert(name(a), 40),
                              to: inert(name(b), 40),
                              bytes: formatBytes(cell.bytes_out + cell.bytes_in, i18n.language),
                              flows: formatCompact(cell.flows, i18n.language),
                              protocols: cell.protocols.slice(0, 6).join(', '),
                            })}; ${said(cell)}`
                          : t('matrix.nothing', { from: inert(name(a), 40), to: inert(name(b), 40) })
                      }
                      onFocus={() => setAt([row, column])}
                      onKeyDown={(e) => move(e, row, column)}
                      onClick={() => cell && choose(a, b)}
                    >
                      {cell ? (
                        <>
                          <strong className="num">
                            {by === 'policy' && cell.would_block > 0 ? write(cell.would_block) : write(n)}
                          </strong>
                          <span className={css.protocols}>
                            {by === 'policy' ? said(cell, true) : cell.protocols.slice(0, 3).join(' ')}
                          </span>
                          {by !== 'policy' && cell.policy !== 'unsaid' && (
                            <Said policy={cell.policy} title={said(cell)} />
                          )}
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

const marks = { allowed: IconCircleCheckFilled, blocked: IconBan, mixed: IconBan } as const;

/** What profiles say of a cell, in its corner. */
function Said({ policy, title }: { policy: 'allowed' | 'blocked' | 'mixed'; title: string }) {
  const Icon = marks[policy];
  return (
    <span className={css.said} data-policy={policy} title={title}>
      <Icon size={14} aria-hidden />
    </span>
  );
}
