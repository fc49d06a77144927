import type { ReactNode } from 'react';
import css from './Fields.module.css';

/** Fields of a form side by side, one below the other where there is no room. */
export function Fields({ children }: { children: ReactNode }) {
  return <div className={css.fields}>{children}</div>;
}
