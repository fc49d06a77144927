import { ActionIcon, Button, Input, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import css from './PairList.module.css';

interface Props {
  label: string;
  hint?: string;
  keyLabel: string;
  valueLabel: string;
  value: Record<string, string>;
  onChange: (value: Record<string, string>) => void;
  initial: string;
  /** What a value is edited with. */
  control: (value: string, onChange: (v: string) => void, label: string) => ReactNode;
}

/** Edits a map of words, such as which group has which role. */
export function PairList({ label, hint, keyLabel, valueLabel, value, onChange, initial, control }: Props) {
  const { t } = useTranslation('parts');
  const [rows, setRows] = useState(() => Object.entries(value).map(([key, v], id) => ({ id, key, v })));
  const put = (next: typeof rows) => {
    setRows(next);
    onChange(Object.fromEntries(next.filter((r) => r.key.trim()).map((r) => [r.key.trim(), r.v])));
  };
  const edit = (id: number, part: Partial<(typeof rows)[number]>) =>
    put(rows.map((r) => (r.id === id ? { ...r, ...part } : r)));
  return (
    <Input.Wrapper label={label} description={hint} labelElement="div">
      <div className={css.list}>
        {rows.map((r) => (
          <div key={r.id} className={css.row}>
            <TextInput
              aria-label={keyLabel}
              placeholder={keyLabel}
              value={r.key}
              onChange={(e) => edit(r.id, { key: e.currentTarget.value })}
            />
            {control(r.v, (v) => edit(r.id, { v }), valueLabel)}
            <ActionIcon
              aria-label={t('list.remove', { what: r.key })}
              onClick={() => put(rows.filter((x) => x.id !== r.id))}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </div>
        ))}
        <Button
          size="xs"
          variant="subtle"
          justify="start"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() =>
            put([...rows, { id: Math.max(-1, ...rows.map((r) => r.id)) + 1, key: '', v: initial }])
          }
        >
          {t('list.add')}
        </Button>
      </div>
    </Input.Wrapper>
  );
}
