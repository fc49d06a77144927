import {
  Alert,
  Button,
  Checkbox,
  Group,
  Modal,
  Select,
  Skeleton,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { Finding } from '@/api/types';
import { SeverityBadge } from '@/widgets/badges';
import { sayError, sayUndo } from '@/widgets/confirm';
import { ErrorState } from '@/widgets/ErrorState';
import { Fields } from '@/widgets/Fields';
import { refreshFindings } from './edit';
import { offers, type Part, parts, selectorOf, selectsAll } from './selector';

const days = ['1', '7', '30', '90', ''] as const;

interface Props {
  findings: readonly Finding[];
  close: () => void;
  done: () => void;
}

/** Makes a mute of what findings have in common, and shows first what it would hide. */
export default function MuteDialog({ findings, close, done }: Props) {
  const { t } = useTranslation(['findings', 'common']);
  const offered = offers(findings);
  const [chosen, setChosen] = useState<ReadonlySet<Part>>(
    () => new Set<Part>(offered.devices.length > 0 ? ['checks', 'devices'] : ['checks']),
  );
  const [span, setSpan] = useState<string>('30');
  const [note, setNote] = useState('');
  const [busy, setBusy] = useState(false);
  const selector = selectorOf(offered, chosen);
  const all = selectsAll(selector);
  const preview = hub.useQuery('post', '/api/v1/mutes/preview', { body: selector }, { enabled: !all });

  const name = (part: Part): string => {
    const first = findings[0];
    if (offered[part].length > 1 || !first) return t(`mute.${part}`, { count: offered[part].length });
    if (part === 'checks') return t('mute.thisCheck', { name: first.title });
    if (part === 'devices') return t('mute.thisDevice', { name: first.device_label });
    return t('mute.thisPeer', { name: offered.peers[0] });
  };
  const save = async () => {
    setBusy(true);
    try {
      const expires = span ? new Date(Date.now() + Number(span) * 86_400_000).toISOString() : undefined;
      const { data } = await api.POST('/api/v1/mutes', { body: { selector, expires, note } });
      refreshFindings();
      done();
      if (data)
        sayUndo(t('mute.done', { count: data.hides }), async () => {
          await api.DELETE('/api/v1/mutes/{id}', { params: { path: { id: data.id } } });
          refreshFindings();
        });
    } catch (e) {
      sayError(e);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Modal opened onClose={close} title={t('mute.title')} size="lg">
      <Stack gap="md">
        <Checkbox.Group
          label={t('mute.what')}
          description={t('mute.whatHint')}
          value={[...chosen]}
          onChange={(v) => setChosen(new Set(parts.filter((p) => v.includes(p))))}
        >
          <Stack gap={8} mt={8}>
            {parts
              .filter((p) => offered[p].length > 0)
              .map((p) => (
                <Checkbox key={p} value={p} label={name(p)} />
              ))}
          </Stack>
        </Checkbox.Group>
        <Fields>
          <Select
            label={t('mute.until')}
            allowDeselect={false}
            data={days.map((d) => ({
              value: d || 'never',
              label: d ? t('mute.days', { count: Number(d) }) : t('mute.never'),
            }))}
            value={span || 'never'}
            onChange={(v) => setSpan(v === 'never' ? '' : (v ?? '30'))}
          />
          <TextInput
            label={t('mute.note')}
            placeholder={t('mute.noteHint')}
            maxLength={1000}
            value={note}
            onChange={(e) => setNote(e.currentTarget.value)}
          />
        </Fields>
        {all ? (
          <Alert color="orange">{t('mute.all')}</Alert>
        ) : preview.data ? (
          <Stack gap={8} role="status">
            <Text fw={600}>{t('mute.hides', { count: preview.data.total })}</Text>
            {preview.data.sample.slice(0, 6).map((f) => (
              <Group key={f.id} gap="xs" wrap="nowrap">
                <SeverityBadge severity={f.severity} />
                <span className="truncate">
                  {f.title} <span className="dim">{f.device_label || f.address}</span>
                </span>
              </Group>
            ))}
            {preview.data.total > 6 && (
              <Text size="sm" c="dimmed">
                {t('mute.andMore', { count: preview.data.total - 6 })}
              </Text>
            )}
          </Stack>
        ) : preview.error ? (
          <ErrorState error={preview.error} retry={() => void preview.refetch()} />
        ) : (
          <Skeleton height={64} />
        )}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            {t('common:cancel')}
          </Button>
          <Button onClick={() => void save()} loading={busy} disabled={all}>
            {t('mute.save')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
