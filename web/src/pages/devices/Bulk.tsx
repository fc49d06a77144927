import { Button, Group, Modal, Select, TagsInput, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import type { DevicePatch } from '@/api/types';
import { typeName } from '@/lib/words';
import { BulkAction, BulkBar } from '@/widgets/BulkBar';
import { say, sayError, sayUndo } from '@/widgets/confirm';
import { editDevices, refreshDevices } from './edit';

type What = 'type' | 'zone' | 'owner' | 'tags' | 'criticality';

/** What an analyst does with many devices at once. */
export function Bulk({ ids, clear }: { ids: ReadonlySet<string>; clear: () => void }) {
  const { t } = useTranslation('devices');
  const [what, setWhat] = useState<What>();
  const apply = async (set: DevicePatch) => {
    setWhat(undefined);
    try {
      const { changed, undo } = await editDevices([...ids], set);
      clear();
      if (undo) sayUndo(t('bulk.done', { count: changed }), undo);
      else say(t('bulk.done', { count: changed }));
    } catch (e) {
      sayError(e);
    } finally {
      refreshDevices();
    }
  };
  return (
    <BulkBar count={ids.size} clear={clear}>
      <BulkAction onClick={() => void apply({ trusted: true })}>{t('bulk.trust')}</BulkAction>
      <BulkAction onClick={() => void apply({ trusted: false })}>{t('bulk.untrust')}</BulkAction>
      {(['type', 'zone', 'owner', 'criticality', 'tags'] as const).map((w) => (
        <BulkAction key={w} onClick={() => setWhat(w)}>
          {t(`column.${w}`)}…
        </BulkAction>
      ))}
      {what && <EditDialog what={what} count={ids.size} close={() => setWhat(undefined)} apply={apply} />}
    </BulkBar>
  );
}

interface DialogProps {
  what: What;
  count: number;
  close: () => void;
  apply(set: DevicePatch): void;
}

function EditDialog({ what, count, close, apply }: DialogProps) {
  const { t } = useTranslation(['devices', 'common', 'types']);
  const [value, setValue] = useState('');
  const [tags, setTags] = useState<string[]>([]);
  const types = hub.useQuery('get', '/api/v1/types', {}, { enabled: what === 'type', staleTime: Infinity });
  const facets = hub.useQuery('get', '/api/v1/devices/facets');
  const submit = (e: FormEvent) => {
    e.preventDefault();
    if (what === 'tags') apply({ tags });
    else if (what === 'criticality') apply({ criticality: levels.find((l) => l === value) ?? '' });
    else apply({ [what]: value.trim() });
  };
  const label = t(`column.${what}`);
  return (
    <Modal opened onClose={close} title={t('bulk.title', { what: label, count })}>
      <form onSubmit={submit}>
        {what === 'tags' ? (
          <TagsInput
            data-autofocus
            label={label}
            description={t('bulk.tagsHint')}
            maxTags={50}
            data={Object.keys(facets.data?.tags ?? {})}
            value={tags}
            onChange={setTags}
          />
        ) : what === 'type' || what === 'criticality' ? (
          <Select
            data-autofocus
            label={label}
            searchable
            clearable
            placeholder={t('bulk.asBelieved')}
            data={
              what === 'type'
                ? (types.data ?? []).map((x) => ({ value: x.name, label: typeName(t, x.name) }))
                : levels.map((l) => ({ value: l, label: t(`criticality.${l}`) }))
            }
            value={value || null}
            onChange={(v) => setValue(v ?? '')}
          />
        ) : (
          <TextInput
            data-autofocus
            label={label}
            description={t('bulk.emptyHint')}
            maxLength={100}
            value={value}
            onChange={(e) => setValue(e.currentTarget.value)}
          />
        )}
        <Group justify="flex-end" gap="xs" mt="lg">
          <Button variant="default" onClick={close}>
            {t('common:cancel')}
          </Button>
          <Button type="submit">{t('bulk.apply', { count })}</Button>
        </Group>
      </form>
    </Modal>
  );
}

const levels = ['low', 'normal', 'high', 'critical'] as const;
