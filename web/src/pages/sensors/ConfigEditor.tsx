import { ActionIcon, Autocomplete, Button, Group, Stack, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { Tag } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import css from './sensors.module.css';
import { type Sensor, sensorPaths } from './shapes';

/** What the hub may set of a sensor; it may know more. */
const settings = ['interface', 'filter', 'home', 'memory', 'scope', 'site'];

interface Pair {
  id: number;
  key: string;
  value: string;
}

function pairs(config: Record<string, string> | undefined): Pair[] {
  return Object.entries(config ?? {}).map(([key, value], id) => ({ id, key, value }));
}

/** The configuration that the hub wants a sensor to run, and whether it does. */
export function ConfigEditor({ sensor, editable }: { sensor: Sensor; editable: boolean }) {
  const { t } = useTranslation('sensors');
  const [rows, setRows] = useState(() => pairs(sensor.wanted?.config));
  const [change, busy] = useChange();
  const put = (config: Record<string, string>) =>
    api.PATCH('/api/v1/sensors/{id}', { params: { path: { id: sensor.id } }, body: { config } });
  const edited = Object.fromEntries(
    rows.filter((r) => r.key.trim()).map((r) => [r.key.trim(), r.value.trim()]),
  );
  const same = JSON.stringify(edited) === JSON.stringify(sensor.wanted?.config ?? {});
  const applied = sensor.applied?.generation === sensor.wanted?.generation;
  const edit = (id: number, to: Partial<Pair>) =>
    setRows(rows.map((r) => (r.id === id ? { ...r, ...to } : r)));

  if (!editable && rows.length === 0) return <p className="dim">{t('config.none')}</p>;
  return (
    <form
      onSubmit={(e) => {
        e.preventDefault();
        const before = { ...(sensor.wanted?.config ?? {}) };
        void change(() => put(edited), {
          paths: sensorPaths,
          message: t('config.sent'),
          undo: () => put(before),
        });
      }}
    >
      <Stack gap="sm">
        <Group gap="xs">
          <Tag tone={applied ? 'good' : 'warn'}>{applied ? t('config.applied') : t('config.waiting')}</Tag>
          <span className="dim">
            {t('config.generation', {
              wanted: sensor.wanted?.generation ?? 0,
              applied: sensor.applied?.generation ?? 0,
            })}
          </span>
        </Group>
        {rows.length === 0 && <p className="dim">{t('config.none')}</p>}
        {rows.map((r) => (
          <div key={r.id} className={css.pairs}>
            <Autocomplete
              size="sm"
              aria-label={t('config.key')}
              data={settings}
              value={r.key}
              disabled={!editable}
              onChange={(key) => edit(r.id, { key })}
            />
            <TextInput
              aria-label={t('config.value', { key: r.key })}
              value={r.value}
              disabled={!editable}
              onChange={(e) => edit(r.id, { value: e.currentTarget.value })}
            />
            {editable && (
              <ActionIcon
                aria-label={t('parts:list.remove', { what: r.key })}
                onClick={() => setRows(rows.filter((x) => x.id !== r.id))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            )}
          </div>
        ))}
        {editable && (
          <Group justify="space-between">
            <Button
              variant="subtle"
              size="xs"
              leftSection={<IconPlus size={14} aria-hidden />}
              onClick={() =>
                setRows([...rows, { id: Math.max(-1, ...rows.map((r) => r.id)) + 1, key: '', value: '' }])
              }
            >
              {t('config.add')}
            </Button>
            <Button type="submit" loading={busy} disabled={same}>
              {t('config.send')}
            </Button>
          </Group>
        )}
      </Stack>
    </form>
  );
}
