import { IconCircleDashed, type TablerIcon } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import css from './EmptyState.module.css';

interface Props {
  title: string;
  /** What to do to see something here. */
  hint?: ReactNode;
  icon?: TablerIcon;
  /** Buttons or links that do it. */
  children?: ReactNode;
}

/** Says that there is nothing, why, and what to do. */
export function EmptyState({ title, hint, icon: Icon = IconCircleDashed, children }: Props) {
  return (
    <div className={css.empty}>
      <Icon size={32} stroke={1.4} aria-hidden />
      <p className={css.title}>{title}</p>
      {hint && <p className={css.hint}>{hint}</p>}
      {children && <div className={css.actions}>{children}</div>}
    </div>
  );
}
