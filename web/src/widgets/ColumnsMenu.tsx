import { ActionIcon, Checkbox, Popover, ScrollArea, Stack, Tooltip } from '@mantine/core';
import { IconColumns3 } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { recall, remember } from '@/lib/prefs';
import type { Column } from './DataTable';

/** Which columns of a table are shown; remembered in this browser under the table's name. */
export function useColumns(
  table: string,
  initial: readonly string[],
): [readonly string[], (ids: string[]) => void] {
  const [shown, setShown] = useState<readonly string[]>(() => {
    const kept = recall(`columns.${table}`);
    return Array.isArray(kept) && kept.every((k) => typeof k === 'string') ? kept : initial;
  });
  return [
    shown,
    (ids) => {
      setShown(ids);
      remember(`columns.${table}`, ids);
    },
  ];
}

interface Props<T> {
  columns: readonly Column<T>[];
  shown: readonly string[];
  onChange(ids: string[]): void;
}

/** Chooses columns; the first one always stays. */
export function ColumnsMenu<T>({ columns, shown, onChange }: Props<T>) {
  const { t } = useTranslation();
  return (
    <Popover position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <Tooltip label={t('table.columns')}>
          <ActionIcon size="lg" variant="default" aria-label={t('table.columns')}>
            <IconColumns3 size={17} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <ScrollArea.Autosize mah={380}>
          <Stack gap={8}>
            {columns.slice(1).map((c) => (
              <Checkbox
                key={c.id}
                size="sm"
                label={c.header}
                checked={shown.includes(c.id)}
                onChange={(e) =>
                  onChange(e.currentTarget.checked ? [...shown, c.id] : shown.filter((id) => id !== c.id))
                }
              />
            ))}
          </Stack>
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}
