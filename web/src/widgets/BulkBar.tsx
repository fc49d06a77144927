import { Button, CloseButton } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import css from './BulkBar.module.css';

/** What can be done with the rows that were chosen; shown while there are any. */
export function BulkBar({
  count,
  clear,
  children,
}: {
  count: number;
  clear: () => void;
  children: ReactNode;
}) {
  const { t } = useTranslation();
  if (count === 0) return null;
  return (
    <div className={css.bar} role="toolbar" aria-label={t('table.selection')}>
      <strong className="num">{t('table.selected', { count })}</strong>
      {children}
      <CloseButton size={24} aria-label={t('table.clearSelection')} onClick={clear} />
    </div>
  );
}

export function BulkAction(props: { onClick: () => void; children: ReactNode; disabled?: boolean }) {
  return (
    <Button size="compact-sm" variant="default" onClick={props.onClick} disabled={props.disabled}>
      {props.children}
    </Button>
  );
}
