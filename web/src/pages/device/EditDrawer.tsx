import {
  Autocomplete,
  Button,
  Checkbox,
  Drawer,
  Group,
  Select,
  Stack,
  TagsInput,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import type { DeviceDetail, DevicePatch } from '@/api/types';
import { known, typeName } from '@/lib/words';
import { editDevices, refreshDevices } from '@/pages/devices/edit';
import { say, sayError, sayUndo } from '@/widgets/confirm';
import { Fields } from '@/widgets/Fields';
import { changesOf, type Form, formOf, levels, safeties } from './form';

/** Sets what a person knows better than the sensors. */
export default function EditDrawer({ device, close }: { device: DeviceDetail; close: () => void }) {
  const { t } = useTranslation(['device', 'devices', 'common', 'types']);
  const [form, setForm] = useState<Form>(() => formOf(device.set));
  const [busy, setBusy] = useState(false);
  const types = hub.useQuery('get', '/api/v1/types', {}, { staleTime: Infinity });
  const facets = hub.useQuery('get', '/api/v1/devices/facets');
  const set = <K extends keyof Form>(name: K, value: Form[K]) => setForm((f) => ({ ...f, [name]: value }));
  const believed = (value: string | undefined) =>
    known(value) ? t('edit.believed', { value }) : t('edit.nothing');
  const save = async (e: FormEvent) => {
    e.preventDefault();
    const patch: DevicePatch = changesOf(form, device.set);
    if (Object.keys(patch).length === 0) return close();
    setBusy(true);
    try {
      const { undo } = await editDevices([device.id], patch);
      refreshDevices();
      close();
      if (undo) sayUndo(t('edit.done'), undo);
      else say(t('edit.done'));
    } catch (err) {
      sayError(err);
    } finally {
      setBusy(false);
    }
  };
  const line = (name: 'label' | 'vendor' | 'model' | 'owner' | 'location', placeholder?: string) => (
    <TextInput
      label={t(`devices:column.${name}`)}
      placeholder={placeholder}
      maxLength={200}
      value={form[name]}
      onChange={(e) => set(name, e.currentTarget.value)}
      data-autofocus={name === 'label' || undefined}
    />
  );
  return (
    <Drawer opened onClose={close} position="right" size={440} title={t('edit.title')}>
      <form onSubmit={(e) => void save(e)}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {t('edit.hint')}
          </Text>
          {line('label', device.label)}
          <Select
            label={t('devices:column.type')}
            placeholder={believed(
              known(device.believed.type.belief) && typeName(t, device.believed.type.belief),
            )}
            searchable
            clearable
            data={(types.data ?? []).map((x) => ({ value: x.name, label: typeName(t, x.name) }))}
            value={form.type || null}
            onChange={(v) => set('type', v ?? '')}
          />
          {line('vendor', believed(device.believed.vendor.belief))}
          {line('model', believed(device.believed.model.belief))}
          <Autocomplete
            label={t('devices:column.zone')}
            placeholder={believed(device.believed.zone)}
            maxLength={100}
            data={Object.keys(facets.data?.zones ?? {}).filter(Boolean)}
            value={form.zone}
            onChange={(v) => set('zone', v)}
          />
          <Fields>
            {line('owner')}
            {line('location')}
          </Fields>
          <Select
            label={t('devices:column.criticality')}
            clearable
            data={levels.map((l) => ({ value: l, label: t(`devices:criticality.${l}`) }))}
            value={form.criticality || null}
            onChange={(v) => set('criticality', levels.find((l) => l === v) ?? '')}
          />
          <Select
            label={t('devices:column.safety')}
            description={t('edit.safetyHint')}
            clearable
            data={safeties.map((s) => ({ value: s, label: t(`devices:safety.${s}`) }))}
            value={form.safety || null}
            onChange={(v) => set('safety', safeties.find((s) => s === v) ?? '')}
          />
          <TagsInput
            label={t('devices:column.tags')}
            maxTags={50}
            data={Object.keys(facets.data?.tags ?? {})}
            value={form.tags}
            onChange={(v) => set('tags', v)}
          />
          <Textarea
            label={t('devices:column.note')}
            maxLength={4000}
            value={form.note}
            onChange={(e) => set('note', e.currentTarget.value)}
          />
          <Checkbox
            label={t('edit.trusted')}
            checked={form.trusted}
            onChange={(e) => set('trusted', e.currentTarget.checked)}
          />
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={close}>
              {t('common:cancel')}
            </Button>
            <Button type="submit" loading={busy}>
              {t('common:save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Drawer>
  );
}
