import { Button, Group, Modal, MultiSelect, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { useChange } from '@/widgets/change';
import { Fields } from '@/widgets/Fields';
import { type Sensor, sensorPaths } from './shapes';

const plans = { careful: [10, 50, 100], halves: [50, 100], once: [100] } as const;

interface Props {
  sensors: readonly Sensor[];
  close: () => void;
  started: () => void;
}

/** Starts an upgrade in waves. */
export function WaveForm({ sensors, close, started }: Props) {
  const { t } = useTranslation('sensors');
  const [version, setVersion] = useState('');
  const [content, setContent] = useState('');
  const [ids, setIds] = useState<string[]>([]);
  const [plan, setPlan] = useState<keyof typeof plans>('careful');
  const [change, busy] = useChange();
  const start = async () => {
    const good = await change(
      () =>
        api.POST('/api/v1/waves', {
          body: {
            version: version.trim() || undefined,
            content: content.trim() || undefined,
            sensors: ids.length > 0 ? ids : undefined,
            steps: [...plans[plan]],
          },
        }),
      { paths: sensorPaths, message: t('upgrade.started') },
    );
    if (!good) return;
    close();
    started();
  };
  return (
    <Modal
      opened
      onClose={close}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      title={t('upgrade.title')}
      size="lg"
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void start();
        }}
      >
        <Stack gap="sm">
          <p className="dim">{t('upgrade.what')}</p>
          <Fields>
            <TextInput
              label={t('upgrade.version')}
              description={t('upgrade.versionHint')}
              value={version}
              maxLength={100}
              onChange={(e) => setVersion(e.currentTarget.value)}
              data-autofocus
            />
            <TextInput
              label={t('upgrade.content')}
              description={t('upgrade.contentHint')}
              value={content}
              maxLength={100}
              onChange={(e) => setContent(e.currentTarget.value)}
            />
          </Fields>
          <MultiSelect
            label={t('upgrade.sensors')}
            placeholder={ids.length === 0 ? t('upgrade.all') : undefined}
            value={ids}
            onChange={setIds}
            searchable
            data={sensors.filter((s) => !s.revoked).map((s) => ({ value: s.id, label: s.name }))}
          />
          <div>
            <Text size="sm" fw={500} mb={4} id="plan">
              {t('upgrade.steps')}
            </Text>
            <SegmentedControl
              aria-labelledby="plan"
              value={plan}
              onChange={(v) => setPlan(v as keyof typeof plans)}
              data={Object.entries(plans).map(([value, steps]) => ({
                value,
                label: steps.map((s) => `${s} %`).join(' → '),
              }))}
            />
          </div>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('common:cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={!version.trim() && !content.trim()}>
              {t('upgrade.start')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
