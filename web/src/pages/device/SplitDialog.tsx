import { Alert, Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { api } from '@/api/client';
import type { DeviceDetail } from '@/api/types';
import { refreshDevices } from '@/pages/devices/edit';
import { sayError, sayUndo } from '@/widgets/confirm';
import { Time } from '@/widgets/values';
import css from './device.module.css';

/** Makes hosts of a device one of their own. */
export default function SplitDialog({ device, close }: { device: DeviceDetail; close: () => void }) {
  const { t } = useTranslation(['device', 'common']);
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [busy, setBusy] = useState(false);
  const hosts = [...new Map(device.tenures.map((x) => [x.host, x])).values()];
  const all = chosen.size === hosts.length;
  const split = async () => {
    setBusy(true);
    try {
      const { data } = await api.POST('/api/v1/devices/{id}/split', {
        params: { path: { id: device.id } },
        body: { hosts: [...chosen] },
      });
      refreshDevices();
      close();
      const made = data?.id;
      if (!made || made === device.id) return;
      void navigate(`/devices/${encodeURIComponent(made)}`);
      sayUndo(t('split.done'), async () => {
        await api.POST('/api/v1/devices/{id}/merge', {
          params: { path: { id: device.id } },
          body: { others: [made] },
        });
        refreshDevices();
        void navigate(`/devices/${encodeURIComponent(device.id)}`);
      });
    } catch (e) {
      sayError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={t('split.title', { name: device.label })} size="lg">
      <Stack gap="sm">
        <Text>{t('split.hint')}</Text>
        <ul className={css.choices}>
          {hosts.map((h) => (
            <li key={h.host}>
              <Checkbox
                checked={chosen.has(h.host)}
                onChange={(e) => {
                  const next = new Set(chosen);
                  if (e.currentTarget.checked) next.add(h.host);
                  else next.delete(h.host);
                  setChosen(next);
                }}
                label={
                  <>
                    <span className="mono">{h.name || h.host}</span>{' '}
                    <span className="dim">
                      <Time value={h.from} /> – {h.until ? <Time value={h.until} /> : t('split.now')}
                    </span>
                  </>
                }
              />
            </li>
          ))}
        </ul>
        {chosen.size > 0 && (
          <Alert color={all ? 'orange' : 'gray'}>
            {all
              ? t('split.all')
              : t('split.preview', { count: chosen.size, rest: hosts.length - chosen.size })}
          </Alert>
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            {t('common:cancel')}
          </Button>
          <Button disabled={chosen.size === 0 || all} loading={busy} onClick={() => void split()}>
            {t('split.do')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
