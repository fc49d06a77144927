import type { ReactNode } from 'react';
import css from './SimpleTable.module.css';

export interface Column<T> {
  key: string;
  /** Empty over what can be done with a row, which stays in sight where the table scrolls sideways. */
  header: ReactNode;
  cell: (row: T) => ReactNode;
  /** Numbers stand at the right. */
  right?: boolean;
  /** As narrow as its content. */
  tight?: boolean;
  /** Left out on narrow screens. */
  wideOnly?: boolean;
}

interface Props<T> {
  /** What the table is about, for those who do not see it. */
  label: string;
  columns: readonly Column<T>[];
  rows: readonly T[];
  rowKey: (row: T) => string;
  /** Rows that stand back, such as revoked ones. */
  faded?: (row: T) => boolean;
  /** The row that is shown elsewhere. */
  current?: string;
}

/** A table of at most some hundred rows; on a narrow screen each row is a card. */
export function SimpleTable<T>({ label, columns, rows, rowKey, faded, current }: Props<T>) {
  return (
    <div className={css.scroll}>
      <table className={css.table} aria-label={label}>
        <thead>
          <tr>
            {columns.map((c) =>
              c.header === '' ? (
                <td key={c.key} />
              ) : (
                <th
                  key={c.key}
                  scope="col"
                  data-right={c.right || undefined}
                  data-wide={c.wideOnly || undefined}
                >
                  {c.header}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => {
            const key = rowKey(row);
            return (
              <tr
                key={key}
                data-faded={faded?.(row) || undefined}
                data-current={key === current || undefined}
              >
                {columns.map((c) => (
                  <td
                    key={c.key}
                    data-label={typeof c.header === 'string' && c.header !== '' ? c.header : undefined}
                    data-right={c.right || undefined}
                    data-tight={c.tight || undefined}
                    data-act={c.header === '' || undefined}
                    data-wide={c.wideOnly || undefined}
                  >
                    {c.cell(row)}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
