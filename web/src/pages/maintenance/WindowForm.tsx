import {
  Button,
  Group,
  Modal,
  MultiSelect,
  SegmentedControl,
  Stack,
  TagsInput,
  TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import { inert } from '@/lib/inert';
import { usePrefs } from '@/lib/prefs';
import { fromInput, toInput } from '@/lib/range';
import { SeverityBadge } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import { Fields } from '@/widgets/Fields';
import css from './maintenance.module.css';
import { policyPaths } from './PolicyTable';

const spans = { '1h': 3_600_000, '4h': 14_400_000, '1d': 86_400_000, own: 0 } as const;

/** Announces maintenance: whom it is about, when, and what it would cover of what is open now. */
export function WindowForm({ close }: { close: () => void }) {
  const { t } = useTranslation('maintenance');
  const { utc } = usePrefs();
  const [search, setSearch] = useState('');
  const [asked] = useDebouncedValue(search, 250);
  const [devices, setDevices] = useState<string[]>([]);
  const [labels, setLabels] = useState<Record<string, string>>({});
  const [types, setTypes] = useState<string[]>([]);
  const [zones, setZones] = useState<string[]>([]);
  const [note, setNote] = useState('');
  const [span, setSpan] = useState<keyof typeof spans>('4h');
  const [from, setFrom] = useState(toInput(Date.now(), utc));
  const [to, setTo] = useState(toInput(Date.now() + spans['4h'], utc));
  const [change, busy] = useChange();

  const found = hub.useQuery('get', '/api/v1/devices', {
    params: { query: { q: asked || undefined, limit: 50, sort: 'label' } },
  });
  const facets = hub.useQuery('get', '/api/v1/devices/facets');
  const selector = { devices, types, zones };
  const chosen = devices.length + types.length + zones.length > 0;
  const preview = hub.useQuery('post', '/api/v1/mutes/preview', { body: selector }, { enabled: chosen });

  const options = new Map(Object.entries(labels));
  for (const d of found.data?.items ?? []) options.set(d.id, d.label);
  const begin = span === 'own' ? fromInput(from, utc) : undefined;
  const end = span === 'own' ? fromInput(to, utc) : undefined;
  const valid = chosen && note.trim() !== '' && (span !== 'own' || (begin && end && begin < end));
  const announce = async () => {
    const expires = end ?? new Date(Date.now() + spans[span]).toISOString();
    let id = '';
    const good = await change(
      async () => {
        const { data } = await api.POST('/api/v1/maintenance', {
          body: { selector, note: note.trim(), from: begin ?? new Date().toISOString(), expires },
        });
        id = data?.id ?? '';
      },
      {
        paths: policyPaths,
        message: t('form.done'),
        undo: () => api.DELETE('/api/v1/maintenance/{id}', { params: { path: { id } } }),
      },
    );
    if (good) close();
  };

  return (
    <Modal
      opened
      onClose={close}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      title={t('announce')}
      size="lg"
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (valid) void announce();
        }}
      >
        <Stack gap="sm">
          <p className="dim">{t('form.what')}</p>
          <TextInput
            label={t('form.note')}
            placeholder={t('form.notePlaceholder')}
            value={note}
            maxLength={1000}
            required
            onChange={(e) => setNote(e.currentTarget.value)}
            data-autofocus
          />
          <MultiSelect
            label={t('selector.devices')}
            searchable
            searchValue={search}
            onSearchChange={setSearch}
            filter={({ options: all }) => all}
            nothingFoundMessage={t('form.noDevice')}
            data={[...options].map(([value, label]) => ({ value, label: inert(label, 60) }))}
            value={devices}
            onChange={(ids) => {
              setDevices(ids);
              setLabels(Object.fromEntries(ids.map((id) => [id, options.get(id) ?? id])));
            }}
            placeholder={devices.length === 0 ? t('form.devices') : undefined}
            maxValues={500}
          />
          <Fields>
            <TagsInput
              label={t('selector.types')}
              data={Object.keys(facets.data?.types ?? {})}
              value={types}
              onChange={setTypes}
            />
            <TagsInput
              label={t('selector.zones')}
              data={Object.keys(facets.data?.zones ?? {})}
              value={zones}
              onChange={setZones}
            />
          </Fields>
          <SegmentedControl
            aria-label={t('form.span')}
            value={span}
            onChange={(v) => setSpan(v as keyof typeof spans)}
            data={Object.keys(spans).map((value) => ({ value, label: t(`form.spans.${value}`) }))}
          />
          {span === 'own' && (
            <Fields>
              <TextInput
                type="datetime-local"
                label={t('column.from')}
                value={from}
                onChange={(e) => setFrom(e.currentTarget.value)}
              />
              <TextInput
                type="datetime-local"
                label={t('column.until')}
                value={to}
                onChange={(e) => setTo(e.currentTarget.value)}
              />
            </Fields>
          )}
          {chosen && preview.data && (
            <div className={css.preview} role="status">
              <p>{t('form.preview', { count: preview.data.total })}</p>
              <ul className={css.sample}>
                {preview.data.sample.slice(0, 4).map((f) => (
                  <li key={f.id}>
                    <SeverityBadge severity={f.severity} /> {f.title}{' '}
                    <span className="dim">{inert(f.device_label, 40)}</span>
                  </li>
                ))}
              </ul>
            </div>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('common:cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={!valid}>
              {t('announce')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
