import { IconChevronRight, IconPinFilled } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { inert } from '@/lib/inert';
import { Inert } from '@/widgets/Inert';
import { Ago, Bytes, Count } from '@/widgets/values';
import css from './m2m.module.css';

/** A row of the tree: a level of a topic or of a resource's path. */
export interface TreeRow {
  path: string;
  level: string;
  depth: number;
  messages: number;
  bytes: number;
  retained: boolean;
  leaves: number;
  last: string | null;
  /** Messages were seen at exactly this name. */
  leaf: boolean;
  branch: boolean;
  open: boolean;
}

interface Props {
  label: string;
  rows: readonly TreeRow[];
  toggle: (path: string) => void;
}

const height = 34;

/** A tree of which only what can be seen is drawn. Arrows move, open and close. */
export function TreeView({ label, rows, toggle }: Props) {
  const { t } = useTranslation('m2m');
  const box = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => height,
    overscan: 12,
  });
  const here = Math.min(at, rows.length - 1);

  const go = (i: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, i));
    setAt(next);
    virtual.scrollToIndex(next);
  };
  const press = (e: KeyboardEvent) => {
    const row = rows[here];
    if (!row) return;
    if (e.key === 'ArrowDown') go(here + 1);
    else if (e.key === 'ArrowUp') go(here - 1);
    else if (e.key === 'Home') go(0);
    else if (e.key === 'End') go(rows.length - 1);
    else if (e.key === 'ArrowRight' && row.branch) row.open ? go(here + 1) : toggle(row.path);
    else if (e.key === 'ArrowLeft') {
      if (row.open) toggle(row.path);
      else go(rows.slice(0, here).findLastIndex((r) => r.depth < row.depth));
    } else if ((e.key === 'Enter' || e.key === ' ') && row.branch) toggle(row.path);
    else return;
    e.preventDefault();
    e.stopPropagation();
  };

  return (
    <>
      <div className={css.head} aria-hidden>
        <span>{t('column.name')}</span>
        <span>{t('column.below')}</span>
        <span>{t('column.messages')}</span>
        <span>{t('column.bytes')}</span>
        <span>{t('column.seen')}</span>
      </div>
      <div
        ref={box}
        className={css.tree}
        role="tree"
        aria-label={label}
        tabIndex={0}
        aria-activedescendant={rows[here] ? `node-${here}` : undefined}
        onKeyDown={press}
        style={{ height: Math.min(560, Math.max(3, rows.length) * height + 4) }}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }} role="presentation">
          {virtual.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <div
                key={row.path}
                id={`node-${item.index}`}
                role="treeitem"
                tabIndex={-1}
                aria-level={row.depth + 1}
                aria-expanded={row.branch ? row.open : undefined}
                aria-selected={item.index === here}
                aria-label={t('node', {
                  name: inert(row.level, 80) || t('emptyLevel'),
                  messages: row.messages,
                  leaves: row.leaves,
                })}
                className={css.node}
                data-here={item.index === here || undefined}
                style={{ transform: `translateY(${item.start}px)`, height }}
                onClick={() => {
                  setAt(item.index);
                  if (row.branch) toggle(row.path);
                }}
              >
                <span className={css.name} style={{ paddingLeft: 10 + Math.min(row.depth, 16) * 18 }}>
                  <IconChevronRight
                    size={14}
                    className={css.chevron}
                    data-open={row.open || undefined}
                    data-none={!row.branch || undefined}
                    aria-hidden
                  />
                  <span className="truncate" data-leaf={row.leaf || undefined}>
                    {row.level === '' ? (
                      <span className="dim">{t('emptyLevel')}</span>
                    ) : (
                      <Inert value={row.level} limit={80} mono />
                    )}
                  </span>
                  {row.retained && <IconPinFilled size={12} className={css.pin} aria-label={t('retained')} />}
                </span>
                <span>{row.branch ? <Count value={row.leaves} /> : ''}</span>
                <Count value={row.messages} />
                <Bytes value={row.bytes} />
                <Ago value={row.last} />
              </div>
            );
          })}
        </div>
      </div>
      <p className={css.foot}>
        <IconPinFilled size={12} className={css.pin} aria-hidden /> {t('retainedNote')}
      </p>
    </>
  );
}
