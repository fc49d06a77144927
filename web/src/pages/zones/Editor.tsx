import { ActionIcon, Button, Group, Modal, Skeleton, TagsInput, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { components } from '@/api/schema';
import { isNetwork } from '@/pages/settings/network';
import { Tag } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import css from './zones.module.css';

type Zone = components['schemas']['Zone'];
const paths = ['/api/v1/zones', '/api/v1/devices'];

/** The definitions of zones: by network, VLAN or MAC address. */
export function Editor({ close }: { close: () => void }) {
  const { t } = useTranslation('zones');
  const { data, error } = hub.useQuery('get', '/api/v1/zones');
  return (
    <Modal
      opened
      onClose={close}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      title={t('edit.title')}
      size="xl"
    >
      {error ? (
        <ErrorState error={error} />
      ) : !data ? (
        <Skeleton height={240} />
      ) : (
        <Form zones={data.zones} devices={data.devices} close={close} />
      )}
    </Modal>
  );
}

function Form({
  zones,
  devices,
  close,
}: {
  zones: Zone[];
  devices: Record<string, number>;
  close: () => void;
}) {
  const { t } = useTranslation('zones');
  const [rows, setRows] = useState(() => zones.map((zone, id) => ({ id, zone })));
  const [change, busy] = useChange();
  const put = (list: Zone[]) => api.PUT('/api/v1/zones', { body: { zones: list } });
  const wanted = rows.map((r) => r.zone);
  const names = wanted.map((z) => z.name.trim());
  const valid =
    names.every(Boolean) &&
    new Set(names).size === names.length &&
    wanted.every((z) => (z.networks ?? []).every(isNetwork));
  const edit = (id: number, part: Partial<Zone>) =>
    setRows(rows.map((r) => (r.id === id ? { ...r, zone: { ...r.zone, ...part } } : r)));
  return (
    <form
      className={css.rows}
      onSubmit={(e) => {
        e.preventDefault();
        if (valid)
          void change(() => put(wanted), { paths, undo: () => put(zones) }).then((good) => good && close());
      }}
    >
      <p className="dim">{t('edit.what')}</p>
      {rows.length === 0 && <EmptyState title={t('edit.none')} hint={t('edit.noneHint')} />}
      {rows.map(({ id, zone }) => (
        <fieldset key={id} className={css.zone} aria-label={zone.name || t('edit.new')}>
          <TextInput
            label={t('edit.name')}
            value={zone.name}
            maxLength={100}
            required
            onChange={(e) => edit(id, { name: e.currentTarget.value })}
          />
          <TextInput
            label={t('edit.level')}
            placeholder="2"
            value={zone.level ?? ''}
            maxLength={20}
            onChange={(e) => edit(id, { level: e.currentTarget.value || undefined })}
          />
          <TextInput
            label={t('edit.site')}
            value={zone.site ?? ''}
            maxLength={100}
            onChange={(e) => edit(id, { site: e.currentTarget.value || undefined })}
          />
          <TextInput
            label={t('edit.description')}
            value={zone.description ?? ''}
            maxLength={1000}
            onChange={(e) => edit(id, { description: e.currentTarget.value || undefined })}
          />
          <TagsInput
            label={t('edit.networks')}
            placeholder="10.20.0.0/16"
            value={zone.networks ?? []}
            error={(zone.networks ?? []).some((n) => !isNetwork(n)) && t('edit.wrong')}
            onChange={(networks) => edit(id, { networks })}
          />
          <TagsInput
            label="VLAN"
            placeholder="120"
            value={(zone.vlans ?? []).map(String)}
            onChange={(v) =>
              edit(id, { vlans: v.map(Number).filter((n) => Number.isInteger(n) && n > 0 && n < 4095) })
            }
          />
          <div className={css.foot}>
            <Tag>{t('edit.devices', { count: devices[zone.name] ?? 0 })}</Tag>
            <ActionIcon
              aria-label={t('parts:list.remove', { what: zone.name })}
              onClick={() => setRows(rows.filter((r) => r.id !== id))}
            >
              <IconTrash size={16} />
            </ActionIcon>
          </div>
        </fieldset>
      ))}
      <Group justify="space-between">
        <Button
          variant="subtle"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() =>
            setRows([...rows, { id: Math.max(-1, ...rows.map((r) => r.id)) + 1, zone: { name: '' } }])
          }
        >
          {t('edit.add')}
        </Button>
        <Group gap="xs">
          <Button variant="default" onClick={close}>
            {t('common:cancel')}
          </Button>
          <Button type="submit" loading={busy} disabled={!valid}>
            {t('common:save')}
          </Button>
        </Group>
      </Group>
    </form>
  );
}
