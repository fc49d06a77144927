import { ActionIcon } from '@mantine/core';
import { IconCircleMinus, IconCirclePlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { inert } from '@/lib/inert';
import css from './hunt.module.css';

interface Props {
  field: string;
  value: string;
  pivot: (field: string, value: string, without: boolean) => void;
}

/** Two buttons: only facts with this value, only those without. */
export function Pivot({ field, value, pivot }: Props) {
  const { t } = useTranslation('hunt');
  const shown = inert(value, 40);
  return (
    <span className={css.pivot}>
      <ActionIcon
        size={24}
        aria-label={t('pivot.with', { field, value: shown })}
        title={t('pivot.with', { field, value: shown })}
        onClick={() => pivot(field, value, false)}
      >
        <IconCirclePlus size={15} />
      </ActionIcon>
      <ActionIcon
        size={24}
        aria-label={t('pivot.without', { field, value: shown })}
        title={t('pivot.without', { field, value: shown })}
        onClick={() => pivot(field, value, true)}
      >
        <IconCircleMinus size={15} />
      </ActionIcon>
    </span>
  );
}
