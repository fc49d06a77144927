import { Button, Group, Modal, MultiSelect, NumberInput, Select, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { components } from '@/api/schema';
import { useCan } from '@/app/session';
import { severities } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import { Fields } from '@/widgets/Fields';
import { type Report, reportPaths } from './index';

type Input = components['schemas']['ReportInput'];
const kinds = ['summary', 'findings', 'devices', 'changes', 'coverage', 'audit'] as const;
const schedules = ['', 'daily', 'weekly', 'monthly'] as const;

/** Defines a report, or changes one. */
export function ReportForm({ report, close }: { report?: Report; close: () => void }) {
  const { t } = useTranslation('reports');
  const admin = useCan('admin');
  const settings = hub.useQuery('get', '/api/v1/settings', {}, { enabled: admin });
  const [change, busy] = useChange();
  const [input, setInput] = useState<Input>(() => ({
    name: report?.name ?? '',
    kind: report?.kind ?? 'summary',
    days: report?.days ?? 7,
    severity: report?.severity ?? '',
    schedule: report?.schedule ?? 'weekly',
    hour: report?.hour ?? 6,
    sites: report?.sites ?? [],
    targets: report?.targets ?? [],
  }));
  const set = (part: Partial<Input>) => setInput({ ...input, ...part });
  const save = async () => {
    const good = await change(
      () =>
        report
          ? api.PUT('/api/v1/reports/{id}', { params: { path: { id: report.id } }, body: input })
          : api.POST('/api/v1/reports', { body: input }),
      { paths: reportPaths },
    );
    if (good) close();
  };
  return (
    <Modal
      opened
      onClose={close}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      title={report ? t('form.edit', { name: report.name }) : t('add')}
      size="lg"
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void save();
        }}
      >
        <Stack gap="sm">
          <TextInput
            label={t('form.name')}
            value={input.name}
            maxLength={100}
            required
            onChange={(e) => set({ name: e.currentTarget.value })}
            data-autofocus
          />
          <Fields>
            <Select
              label={t('form.kind')}
              allowDeselect={false}
              value={input.kind}
              onChange={(v) => set({ kind: (v ?? 'summary') as Input['kind'] })}
              data={kinds
                .filter((k) => k !== 'audit' || admin)
                .map((value) => ({ value, label: t(`kind.${value}`) }))}
            />
            <NumberInput
              label={t('form.days')}
              value={input.days}
              min={1}
              max={366}
              clampBehavior="strict"
              onChange={(v) => set({ days: Number(v) || 1 })}
            />
          </Fields>
          <Fields>
            <Select
              label={t('form.schedule')}
              allowDeselect={false}
              value={input.schedule ?? ''}
              onChange={(v) => set({ schedule: (v ?? '') as Input['schedule'] })}
              data={schedules.map((value) => ({ value, label: t(`form.schedules.${value || 'never'}`) }))}
            />
            <NumberInput
              label={t('form.hour')}
              value={input.hour ?? 6}
              min={0}
              max={23}
              clampBehavior="strict"
              disabled={!input.schedule}
              onChange={(v) => set({ hour: Number(v) || 0 })}
            />
          </Fields>
          <Select
            label={t('form.severity')}
            allowDeselect={false}
            value={input.severity ?? ''}
            onChange={(v) => set({ severity: (v ?? '') as Input['severity'] })}
            data={[
              { value: '', label: t('form.any') },
              ...severities.map((value) => ({ value, label: t(`common:severity.${value}`) })),
            ]}
          />
          {settings.data && (
            <Fields>
              <MultiSelect
                label={t('form.sites')}
                placeholder={input.sites?.length ? undefined : t('form.allSites')}
                value={input.sites ?? []}
                onChange={(sites) => set({ sites })}
                data={settings.data.sites.map((s) => s.name)}
              />
              <MultiSelect
                label={t('form.targets')}
                placeholder={input.targets?.length ? undefined : t('form.nobody')}
                value={input.targets ?? []}
                onChange={(targets) => set({ targets })}
                data={settings.data.notifications.map((n) => ({ value: n.id, label: n.name }))}
              />
            </Fields>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('common:cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={!input.name.trim()}>
              {t('common:save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
