import type { ReactNode } from 'react';
import { Logo } from '@/app/Logo';
import css from './Gate.module.css';

/** The frame of what is before the console: login and set-up. */
export function Gate({
  title,
  subtitle,
  wide,
  children,
}: {
  title: string;
  subtitle?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}) {
  return (
    <main className={css.gate}>
      <div className={css.card} data-wide={wide || undefined}>
        <div className={css.brand}>
          <Logo size={30} />
          <span>Edgeward</span>
        </div>
        <h1>{title}</h1>
        {subtitle && <p className={css.subtitle}>{subtitle}</p>}
        {children}
      </div>
    </main>
  );
}
