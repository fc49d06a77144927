import {
  Button,
  Group,
  Modal,
  PasswordInput,
  SegmentedControl,
  Select,
  Stack,
  Switch,
  TagsInput,
  TextInput,
} from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import { severities } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import { Fields } from '@/widgets/Fields';
import type { Target } from './Notifications';
import { settingsPaths } from './useSettings';

type Input = components['schemas']['TargetInput'];
const kinds = ['webhook', 'syslog', 'email'] as const;
const examples = {
  webhook: 'https://alerts.example.org/hook',
  syslog: 'tls://siem.example.org:6514',
  email: 'smtp://mail.example.org:587',
};

/** Makes a target of notifications or changes one. */
export function TargetForm({ target, close }: { target?: Target; close: () => void }) {
  const { t } = useTranslation('settings');
  const [input, setInput] = useState<Input>(() => ({
    name: target?.name ?? '',
    kind: target?.kind ?? 'webhook',
    enabled: target?.enabled ?? true,
    url: target?.url ?? '',
    format: target?.format ?? '',
    user: target?.user ?? '',
    from: target?.from ?? '',
    to: target?.to ?? [],
    severity: target?.severity ?? 'high',
    checks: target?.checks ?? [],
    sites: target?.sites ?? [],
    system: target?.system ?? true,
  }));
  const [secret, setSecret] = useState('');
  const [change, busy] = useChange();
  const set = (part: Partial<Input>) => setInput({ ...input, ...part });
  const mail = input.kind === 'email';
  const valid = input.name.trim() !== '' && input.url !== '' && (!mail || (input.to?.length ?? 0) > 0);
  const save = async () => {
    const body = { ...input, secret: secret || undefined };
    const good = await change(
      () =>
        target
          ? api.PUT('/api/v1/settings/notifications/{id}', { params: { path: { id: target.id } }, body })
          : api.POST('/api/v1/settings/notifications', { body }),
      { paths: settingsPaths },
    );
    if (good) close();
  };
  return (
    <Modal
      closeButtonProps={{ 'aria-label': t('common:close') }}
      opened
      onClose={close}
      title={target ? t('notify.edit', { name: target.name }) : t('notify.add')}
      size="lg"
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (valid) void save();
        }}
      >
        <Stack gap="sm">
          <SegmentedControl
            aria-label={t('notify.kind')}
            value={input.kind}
            onChange={(v) => set({ kind: v as Input['kind'], format: '' })}
            data={kinds.map((value) => ({ value, label: t(`notify.kinds.${value}`) }))}
          />
          <TextInput
            label={t('tokens.name')}
            value={input.name}
            maxLength={100}
            required
            onChange={(e) => set({ name: e.currentTarget.value })}
            data-autofocus
          />
          <TextInput
            label={t(mail ? 'notify.server' : 'notify.address')}
            placeholder={examples[input.kind]}
            value={input.url}
            maxLength={1000}
            required
            onChange={(e) => set({ url: e.currentTarget.value })}
          />
          {mail && (
            <>
              <TagsInput
                label={t('notify.to')}
                placeholder="soc@example.org"
                value={input.to ?? []}
                onChange={(to) => set({ to })}
              />
              <Fields>
                <TextInput
                  label={t('notify.from')}
                  value={input.from}
                  maxLength={200}
                  onChange={(e) => set({ from: e.currentTarget.value })}
                />
                <TextInput
                  label={t('notify.user')}
                  value={input.user}
                  maxLength={200}
                  autoComplete="off"
                  onChange={(e) => set({ user: e.currentTarget.value })}
                />
              </Fields>
            </>
          )}
          {input.kind === 'syslog' && (
            <Select
              label={t('notify.format')}
              allowDeselect={false}
              value={input.format}
              onChange={(v) => set({ format: (v ?? '') as Input['format'] })}
              data={[
                { value: '', label: t('notify.formatDefault') },
                { value: 'rfc5424', label: 'RFC 5424' },
                { value: 'cef', label: 'CEF' },
                { value: 'json', label: 'JSON' },
              ]}
            />
          )}
          {input.kind !== 'syslog' && (
            <PasswordInput
              label={t(mail ? 'notify.password' : 'notify.secret')}
              description={mail ? undefined : t('notify.secretHint')}
              placeholder={target?.secret_set ? t('secretKept') : undefined}
              value={secret}
              maxLength={1000}
              autoComplete="new-password"
              onChange={(e) => setSecret(e.currentTarget.value)}
            />
          )}
          <Fields>
            <Select
              label={t('notify.severity')}
              allowDeselect={false}
              value={input.severity}
              onChange={(v) => set({ severity: (v ?? '') as Input['severity'] })}
              data={[
                { value: '', label: t('parts:all') },
                ...severities.map((value) => ({ value, label: t(`common:severity.${value}`) })),
              ]}
            />
            <TagsInput
              label={t('notify.checks')}
              placeholder={t('notify.checksHint')}
              value={input.checks ?? []}
              onChange={(checks) => set({ checks })}
            />
          </Fields>
          <Switch
            label={t('notify.system')}
            checked={input.system}
            onChange={(e) => set({ system: e.currentTarget.checked })}
          />
          <Switch
            label={t('notify.enabled')}
            checked={input.enabled}
            onChange={(e) => set({ enabled: e.currentTarget.checked })}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('common:cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={!valid}>
              {t('common:save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
