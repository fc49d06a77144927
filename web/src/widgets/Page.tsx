import { type ReactNode, useEffect } from 'react';
import css from './Page.module.css';

interface Props {
  title: string;
  /** Beside the title: badges, counts. */
  aside?: ReactNode;
  /** One line below the title. */
  subtitle?: ReactNode;
  /** Buttons at the right. */
  actions?: ReactNode;
  /** The content fills the height and scrolls by itself, as tables do. */
  fill?: boolean;
  children: ReactNode;
}

/** Every page's frame: heading, actions, content. It also names the browser's tab. */
export function Page({ title, aside, subtitle, actions, fill, children }: Props) {
  useEffect(() => {
    document.title = `${title} · Edgeward`;
  }, [title]);
  return (
    <div className={css.page} data-fill={fill || undefined}>
      <div className={css.top}>
        <div className={css.heading}>
          <div className={css.line}>
            <h1>{title}</h1>
            {aside}
          </div>
          {subtitle && <p>{subtitle}</p>}
        </div>
        {actions && <div className={css.actions}>{actions}</div>}
      </div>
      {children}
    </div>
  );
}
