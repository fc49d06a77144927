import { Button, Group, Modal, MultiSelect, Select, Skeleton, Stack, TextInput } from '@mantine/core';
import { IconKey, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { components } from '@/api/schema';
import { roles } from '@/app/nav';
import { atLeast, useSession } from '@/app/session';
import { flag, useUrlState } from '@/lib/url';
import { Tag } from '@/widgets/badges';
import { refresh, useChange } from '@/widgets/change';
import { sayError, useConfirm } from '@/widgets/confirm';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Inert } from '@/widgets/Inert';
import { Once } from '@/widgets/Once';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Ago, Time } from '@/widgets/values';

type Token = components['schemas']['Token'];
const paths = ['/api/v1/tokens'];
const fields = { new: flag() };
const areas = [
  'devices',
  'findings',
  'events',
  'sensors',
  'policies',
  'reports',
  'settings',
  'users',
  'audit',
  'backups',
  'captures',
  'content',
];

/** Tokens of programs. */
export function Tokens() {
  const { t } = useTranslation('settings');
  const [state, change] = useUrlState(fields);
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/tokens');
  const confirm = useConfirm();
  const [run] = useChange();
  const revoke = async (token: Token) => {
    if (
      !(await confirm({
        title: t('tokens.revokeTitle', { name: token.name }),
        body: t('tokens.revokeBody'),
        action: t('tokens.revoke'),
        danger: true,
      }))
    )
      return;
    await run(() => api.DELETE('/api/v1/tokens/{id}', { params: { path: { id: token.id } } }), {
      paths,
      message: t('tokens.revoked'),
    });
  };
  const add = (
    <Button
      size="xs"
      leftSection={<IconPlus size={14} aria-hidden />}
      onClick={() => change({ new: true }, true)}
    >
      {t('tokens.add')}
    </Button>
  );
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={200} radius="md" />;
  return (
    <Panel
      flush
      title={t('tokens.count', { count: data.items.filter((x) => !x.revoked).length })}
      aside={add}
    >
      {data.items.length === 0 ? (
        <EmptyState icon={IconKey} title={t('tokens.none')} hint={t('tokens.hint')} />
      ) : (
        <SimpleTable<Token>
          label={t('sections.tokens')}
          rows={data.items}
          rowKey={(x) => x.id}
          faded={(x) => x.revoked}
          columns={[
            {
              key: 'name',
              header: t('tokens.name'),
              cell: (x) => (
                <strong>
                  <Inert value={x.name} limit={60} />
                </strong>
              ),
            },
            {
              key: 'role',
              header: t('users.role'),
              cell: (x) => <Tag>{t(`common:role.${x.role}`)}</Tag>,
              tight: true,
            },
            {
              key: 'scopes',
              header: t('tokens.scopes'),
              cell: (x) =>
                x.scopes.length > 0 ? (
                  <Group gap={4}>
                    {x.scopes.map((s) => (
                      <Tag key={s}>{s}</Tag>
                    ))}
                  </Group>
                ) : (
                  t('tokens.everything')
                ),
            },
            { key: 'user', header: t('tokens.user'), cell: (x) => x.user },
            {
              key: 'used',
              header: t('tokens.used'),
              cell: (x) => (x.used ? <Ago value={x.used} /> : t('parts:never')),
            },
            {
              key: 'expires',
              header: t('tokens.expires'),
              cell: (x) => (x.expires ? <Time value={x.expires} /> : t('parts:never')),
            },
            {
              key: 'act',
              header: '',
              cell: (x) =>
                x.revoked ? (
                  <Tag>{t('tokens.isRevoked')}</Tag>
                ) : (
                  <Button size="compact-sm" variant="subtle" color="red" onClick={() => void revoke(x)}>
                    {t('tokens.revoke')}
                  </Button>
                ),
              tight: true,
            },
          ]}
        />
      )}
      {state.new && <TokenForm close={() => change({ new: false })} />}
    </Panel>
  );
}

function TokenForm({ close }: { close: () => void }) {
  const { t } = useTranslation('settings');
  const me = useSession();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Token['role']>('viewer');
  const [scopes, setScopes] = useState<string[]>(['read']);
  const [days, setDays] = useState('90');
  const [busy, setBusy] = useState(false);
  const [made, setMade] = useState<string>();
  const make = async () => {
    setBusy(true);
    try {
      const { data } = await api.POST('/api/v1/tokens', {
        body: { name: name.trim(), role, scopes, days: Number(days) },
      });
      setMade(data?.value);
      void refresh(paths);
    } catch (e) {
      sayError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={close}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      title={t('tokens.add')}
      closeOnClickOutside={!made}
    >
      {made ? (
        <Once value={made} label={t('tokens.value')} done={close} />
      ) : (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void make();
          }}
        >
          <Stack gap="sm">
            <TextInput
              label={t('tokens.name')}
              description={t('tokens.nameHint')}
              value={name}
              maxLength={100}
              required
              onChange={(e) => setName(e.currentTarget.value)}
              data-autofocus
            />
            <Select
              label={t('users.role')}
              description={t(`roleMay.${role}`)}
              allowDeselect={false}
              value={role}
              onChange={(v) => setRole((v ?? 'viewer') as Token['role'])}
              data={roles
                .filter((r) => atLeast(me.role, r))
                .map((value) => ({ value, label: t(`common:role.${value}`) }))}
            />
            <MultiSelect
              label={t('tokens.scopes')}
              description={t('tokens.scopesHint')}
              placeholder={scopes.length === 0 ? t('tokens.everything') : undefined}
              searchable
              value={scopes}
              onChange={setScopes}
              data={['read', 'write', ...areas.flatMap((a) => [`${a}:read`, `${a}:write`])]}
            />
            <Select
              label={t('tokens.valid')}
              allowDeselect={false}
              value={days}
              onChange={(v) => setDays(v ?? '90')}
              data={['7', '30', '90', '365', '0'].map((value) => ({
                value,
                label: value === '0' ? t('tokens.forever') : t('tokens.days', { count: Number(value) }),
              }))}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {t('common:cancel')}
              </Button>
              <Button type="submit" loading={busy} disabled={!name.trim()}>
                {t('parts:create')}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
