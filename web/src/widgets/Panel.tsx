import type { ReactNode } from 'react';
import css from './Panel.module.css';

interface Props {
  title?: ReactNode;
  /** At the right of the title: a link, a switch. */
  aside?: ReactNode;
  /** Without inner space, for tables and lists that draw their own. */
  flush?: boolean;
  className?: string;
  children: ReactNode;
}

/** A surface with a heading; what a page is made of. */
export function Panel({ title, aside, flush, className, children }: Props) {
  return (
    <section className={`${css.panel} ${className ?? ''}`}>
      {(title || aside) && (
        <div className={css.head}>
          <h2>{title}</h2>
          {aside && <div className={css.aside}>{aside}</div>}
        </div>
      )}
      <div className={css.body} data-flush={flush || undefined}>
        {children}
      </div>
    </section>
  );
}
