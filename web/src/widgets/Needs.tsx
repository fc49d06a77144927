import { IconLock } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { Role } from '@/app/nav';
import { useCan } from '@/app/session';
import css from './Needs.module.css';

/** Shows what a role may do, and to others who may. */
export function Needs({ least, what, children }: { least: Role; what?: string; children?: ReactNode }) {
  const { t } = useTranslation('parts');
  if (useCan(least)) return children;
  return (
    <p className={css.note}>
      <IconLock size={14} aria-hidden />
      {t('needs.note', { what: what ?? t('needs.this'), role: t(`common:role.${least}`) })}
    </p>
  );
}
