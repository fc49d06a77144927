import { Alert, Button, Checkbox, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { Device, DeviceDetail } from '@/api/types';
import { refreshDevices } from '@/pages/devices/edit';
import { sayError, sayUndo } from '@/widgets/confirm';
import css from './device.module.css';

/** Makes other devices part of this one, after showing what it will be. */
export default function MergeDialog({ device, close }: { device: DeviceDetail; close: () => void }) {
  const { t } = useTranslation(['device', 'common']);
  const [q, setQ] = useState('');
  const [text] = useDebouncedValue(q.trim(), 250);
  const [chosen, setChosen] = useState<readonly Device[]>([]);
  const [busy, setBusy] = useState(false);
  const found = hub.useQuery('get', '/api/v1/devices', {
    params: { query: { q: text || undefined, limit: 20 } },
  });
  const offered = [
    ...chosen,
    ...(found.data?.items ?? []).filter((d) => d.id !== device.id && !chosen.some((c) => c.id === d.id)),
  ];
  const merge = async () => {
    setBusy(true);
    try {
      const before = await Promise.all(chosen.map((d) => detailOf(d.id)));
      await api.POST('/api/v1/devices/{id}/merge', {
        params: { path: { id: device.id } },
        body: { others: chosen.map((d) => d.id) },
      });
      refreshDevices();
      close();
      sayUndo(t('merge.done', { count: chosen.length }), async () => {
        for (const d of before) if (d) await splitOff(device.id, d);
        refreshDevices();
      });
    } catch (e) {
      sayError(e);
    } finally {
      setBusy(false);
    }
  };
  const addresses = new Set([...device.ips, ...chosen.flatMap((d) => d.ips)]);
  const macs = new Set([...device.macs, ...chosen.flatMap((d) => d.macs)]);
  return (
    <Modal opened onClose={close} title={t('merge.title', { name: device.label })} size="lg">
      <Stack gap="sm">
        <TextInput
          data-autofocus
          label={t('merge.search')}
          description={t('merge.hint')}
          value={q}
          maxLength={200}
          onChange={(e) => setQ(e.currentTarget.value)}
        />
        <ul className={css.choices}>
          {offered.map((d) => (
            <li key={d.id}>
              <Checkbox
                checked={chosen.some((c) => c.id === d.id)}
                onChange={(e) =>
                  setChosen(e.currentTarget.checked ? [...chosen, d] : chosen.filter((c) => c.id !== d.id))
                }
                label={
                  <>
                    <b>{d.label}</b>{' '}
                    <span className="mono dim">
                      {[...d.ips.slice(0, 2), ...d.macs.slice(0, 1)].join(' · ')}
                    </span>
                  </>
                }
              />
            </li>
          ))}
        </ul>
        {chosen.length > 0 && (
          <Alert color="gray" title={t('merge.preview', { name: device.label })}>
            <div>
              {t('addresses')}: <span className="mono">{[...addresses].join(', ') || '–'}</span>
            </div>
            <div>
              {t('macs')}: <span className="mono">{[...macs].join(', ') || '–'}</span>
            </div>
            <div>{t('merge.lasts')}</div>
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            {t('common:cancel')}
          </Button>
          <Button disabled={chosen.length === 0} loading={busy} onClick={() => void merge()}>
            {t('merge.do', { count: chosen.length })}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

async function detailOf(id: string): Promise<DeviceDetail | undefined> {
  const { data } = await api.GET('/api/v1/devices/{id}', { params: { path: { id } } });
  return data;
}

/** Takes out of a merged device what one of its parts was, and gives it back what a person had set. */
async function splitOff(from: string, part: DeviceDetail): Promise<void> {
  const { data } = await api.POST('/api/v1/devices/{id}/split', {
    params: { path: { id: from } },
    body: { hosts: part.tenures.map((x) => x.host) },
  });
  if (!data || data.id === from) return;
  const { $schema: _, ...set } = part.set as Record<string, unknown>;
  if (Object.keys(set).length > 0)
    await api.PATCH('/api/v1/devices/{id}', { params: { path: { id: data.id } }, body: set });
}
