// Long lists: only what can be seen is drawn, and only what can be seen is
// asked for. Ten rows and a hundred thousand look and work the same.
import { Checkbox, Skeleton } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type MouseEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { useKeys } from '@/app/shortcuts';
import { columnTemplate, nextSort, rangeBetween, tableWidth } from '@/lib/table';
import css from './DataTable.module.css';

export interface Column<T> {
  id: string;
  header: string;
  cell(row: T): ReactNode;
  /** A CSS grid width: "120px", "minmax(160px, 2fr)". */
  width: string;
  align?: 'right';
  /** The API's name to sort by; absent when it cannot. */
  sort?: string;
  /** The first click on the header sorts from the largest. */
  descending?: boolean;
}

/** Rows that are loaded page by page; see useRows. */
export interface Rows<T> {
  total: number;
  /** The row at an index, undefined while it is not loaded. */
  at(index: number): T | undefined;
  /** Tells which rows are in view. */
  see(first: number, last: number): void;
  loading: boolean;
  error: unknown;
  refetch(): void;
}

interface Selection {
  ids: ReadonlySet<string>;
  set(ids: ReadonlySet<string>): void;
}

interface Props<T> {
  /** Names the table for those who cannot see it. */
  label: string;
  rows: Rows<T>;
  columns: readonly Column<T>[];
  id(row: T): string;
  /** Where Enter and a click on a row lead; absent when rows are no links. */
  href?(row: T): string;
  /** Instead of href: what Enter and a click do. */
  onOpen?(row: T): void;
  /** What a row looks like on a phone. */
  card?(row: T): ReactNode;
  sort?: string;
  onSort?(sort: string): void;
  selection?: Selection;
  rowHeight?: number;
  cardHeight?: number;
  /** Shown when there are no rows. */
  empty: ReactNode;
}

export function DataTable<T>(props: Props<T>) {
  const { rows, columns, selection, label, empty } = props;
  const { t } = useTranslation();
  const navigate = useNavigate();
  const phone =
    useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false }) && !!props.card;
  const scroller = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(-1);
  const anchor = useRef(-1);
  const size = phone ? (props.cardHeight ?? 76) : (props.rowHeight ?? 40);

  const virtual = useVirtualizer({
    count: rows.total,
    getScrollElement: () => scroller.current,
    estimateSize: () => size,
    overscan: 12,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another height of rows changes every position
  useEffect(() => virtual.measure(), [size]);
  const items = virtual.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  const see = rows.see;
  useEffect(() => see(first, last), [see, first, last]);

  const open = (row: T, e?: MouseEvent | KeyboardEvent) => {
    if (props.onOpen) props.onOpen(row);
    else if (props.href) {
      if (e && (e.ctrlKey || e.metaKey)) window.open(props.href(row), '_blank', 'noopener');
      else void navigate(props.href(row));
    }
  };
  const move = (to: number) => {
    if (rows.total === 0) return;
    const next = Math.max(0, Math.min(rows.total - 1, to));
    setActive(next);
    virtual.scrollToIndex(next);
  };
  const toggle = (index: number, through: boolean) => {
    if (!selection) return;
    const ids = new Set(selection.ids);
    const row = rows.at(index);
    if (!row) return;
    const on = !ids.has(props.id(row));
    for (const i of through ? rangeBetween(anchor.current, index) : [index]) {
      const r = rows.at(i);
      if (r && on) ids.add(props.id(r));
      else if (r) ids.delete(props.id(r));
    }
    anchor.current = index;
    selection.set(ids);
  };
  const activeRow = rows.at(active);
  useKeys({
    j: () => move(active + 1),
    k: () => move(active < 0 ? 0 : active - 1),
    ArrowDown: () => move(active + 1),
    ArrowUp: () => move(active < 0 ? 0 : active - 1),
    Enter: () => {
      const focus = document.activeElement;
      if (focus instanceof HTMLElement && focus.closest('a, button')) focus.click();
      else if (activeRow) open(activeRow);
    },
    x: () => toggle(active, false),
    Escape: () => (selection && selection.ids.size > 0 ? selection.set(new Set()) : setActive(-1)),
  });

  const widths = columns.map((c) => c.width);
  const template = columnTemplate(widths, !!selection);
  const openable = !!props.href || !!props.onOpen;
  if (rows.total === 0 && !rows.loading) return <div className={css.frame}>{empty}</div>;

  const body = items.map((item) => {
    const row = rows.at(item.index);
    const selected = row !== undefined && !!selection?.ids.has(props.id(row));
    return (
      <div
        key={item.key}
        role="row"
        aria-rowindex={item.index + 2}
        aria-selected={selection ? selected : undefined}
        className={css.row}
        data-active={item.index === active || undefined}
        data-open={(openable && row !== undefined) || undefined}
        style={{
          transform: `translateY(${item.start}px)`,
          height: size,
          gridTemplateColumns: phone ? (selection ? '36px minmax(0, 1fr)' : 'minmax(0, 1fr)') : template,
        }}
        onClick={(e) => {
          if (!row || (e.target as HTMLElement).closest('a, button, input, label')) return;
          if (window.getSelection()?.toString()) return;
          setActive(item.index);
          open(row, e);
        }}
      >
        {selection && (
          <div role="cell" className={css.check}>
            <Checkbox
              size="xs"
              checked={selected}
              disabled={!row}
              aria-label={t('table.select')}
              onChange={() => {}}
              onClick={(e) => toggle(item.index, e.shiftKey)}
            />
          </div>
        )}
        {row === undefined ? (
          <div role="cell" className={css.cell} style={{ gridColumn: `span ${phone ? 1 : columns.length}` }}>
            <Skeleton height={12} width={`${40 + ((item.index * 37) % 50)}%`} />
          </div>
        ) : phone && props.card ? (
          <div role="cell" className={css.card}>
            {props.card(row)}
          </div>
        ) : (
          columns.map((c) => (
            <div key={c.id} role="cell" className={css.cell} data-align={c.align}>
              {c.cell(row)}
            </div>
          ))
        )}
      </div>
    );
  });

  return (
    <div className={css.frame}>
      <div
        className={css.scroll}
        data-phone={phone || undefined}
        ref={scroller}
        tabIndex={0}
        role="region"
        aria-label={label}
      >
        <div
          role="table"
          aria-label={label}
          aria-rowcount={rows.total + 1}
          style={phone ? undefined : { minWidth: tableWidth(widths, !!selection) }}
        >
          <div role="rowgroup" className={css.headgroup} hidden={phone}>
            <div
              role="row"
              className={css.headrow}
              aria-rowindex={1}
              style={{ gridTemplateColumns: template }}
            >
              {selection && (
                <div role="columnheader" className={css.check}>
                  <span className="sr-only">{t('table.selection')}</span>
                </div>
              )}
              {columns.map((c) => (
                <Header key={c.id} column={c} sort={props.sort} onSort={props.onSort} />
              ))}
            </div>
          </div>
          <div role="rowgroup" style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {body}
            {rows.loading && rows.total === 0 && <Loading size={size} />}
          </div>
        </div>
      </div>
    </div>
  );
}

function Header<T>({ column, sort, onSort }: { column: Column<T>; sort?: string; onSort?(s: string): void }) {
  const by = sort?.replace(/^-/, '') === column.sort && column.sort !== undefined;
  const down = by && sort?.startsWith('-');
  const state = by ? (down ? 'descending' : 'ascending') : undefined;
  return (
    <div role="columnheader" className={css.head} data-align={column.align} aria-sort={state}>
      {column.sort && onSort ? (
        <button
          type="button"
          className={css.sort}
          onClick={() => onSort(nextSort(sort, column.sort ?? '', column.descending))}
        >
          {column.header}
          {by && (down ? <IconArrowDown size={13} aria-hidden /> : <IconArrowUp size={13} aria-hidden />)}
        </button>
      ) : (
        column.header
      )}
    </div>
  );
}

function Loading({ size }: { size: number }) {
  return (
    <div aria-busy="true">
      {Array.from({ length: 12 }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <div key={i} className={css.loading} style={{ height: size }}>
          <Skeleton height={12} width={`${30 + ((i * 37) % 60)}%`} />
        </div>
      ))}
    </div>
  );
}
