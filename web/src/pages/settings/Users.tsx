import { ActionIcon, Button, Group, Menu, Skeleton } from '@mantine/core';
import { IconDots, IconPlus } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { components } from '@/api/schema';
import { useSession } from '@/app/session';
import { text, useUrlState } from '@/lib/url';
import { Tag } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import { useConfirm } from '@/widgets/confirm';
import { ErrorState } from '@/widgets/ErrorState';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Ago } from '@/widgets/values';
import { UserForm } from './UserForm';

export type User = components['schemas']['User'];
export const userPaths = ['/api/v1/users'] as const;
const fields = { user: text() };

/** People who may log in. */
export function Users() {
  const { t } = useTranslation('settings');
  const [state, change] = useUrlState(fields);
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/users');
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={240} radius="md" />;
  const edited = data.items.find((u) => u.id === state.user);
  return (
    <Panel
      flush
      title={t('users.count', { count: data.items.length })}
      aside={
        <Button
          size="xs"
          leftSection={<IconPlus size={14} aria-hidden />}
          onClick={() => change({ user: 'new' }, true)}
        >
          {t('users.add')}
        </Button>
      }
    >
      <SimpleTable<User>
        label={t('sections.users')}
        rows={data.items}
        rowKey={(u) => u.id}
        faded={(u) => u.disabled}
        columns={[
          {
            key: 'name',
            header: t('users.name'),
            cell: (u) => (
              <span>
                <strong>
                  <Inert value={u.display || u.name} limit={60} />
                </strong>{' '}
                <span className="dim">{u.display && u.name}</span>
              </span>
            ),
          },
          {
            key: 'role',
            header: t('users.role'),
            cell: (u) => (
              <Tag tone={u.role === 'admin' ? 'accent' : undefined}>{t(`common:role.${u.role}`)}</Tag>
            ),
            tight: true,
          },
          {
            key: 'sites',
            header: t('users.sites'),
            cell: (u) => (u.sites.length > 0 ? u.sites.join(', ') : t('parts:all')),
          },
          {
            key: 'rights',
            header: t('users.rights'),
            cell: (u) =>
              u.rights.length > 0 ? (
                <Group gap={4}>
                  {u.rights.map((r) => (
                    <Tag key={r}>{t(`rights.${r}`)}</Tag>
                  ))}
                </Group>
              ) : (
                <span className="dim">–</span>
              ),
            wideOnly: true,
          },
          {
            key: 'state',
            header: t('users.state'),
            cell: (u) => (
              <Group gap={4}>
                {u.disabled && <Tag tone="bad">{t('users.disabled')}</Tag>}
                {u.external ? (
                  <Tag>{t('users.external')}</Tag>
                ) : (
                  <Tag tone={u.totp ? 'good' : 'warn'}>{u.totp ? t('totp.on') : t('totp.off')}</Tag>
                )}
              </Group>
            ),
          },
          {
            key: 'login',
            header: t('users.login'),
            cell: (u) => (u.login ? <Ago value={u.login} /> : t('parts:never')),
          },
          {
            key: 'act',
            header: '',
            cell: (u) => <Actions user={u} edit={() => change({ user: u.id }, true)} />,
            tight: true,
          },
        ]}
      />
      {(edited || state.user === 'new') && (
        <UserForm key={state.user} user={edited} close={() => change({ user: '' })} />
      )}
    </Panel>
  );
}

function Actions({ user, edit }: { user: User; edit: () => void }) {
  const { t } = useTranslation('settings');
  const me = useSession();
  const confirm = useConfirm();
  const [change] = useChange();
  const patch = (body: components['schemas']['UserPatch']) =>
    api.PATCH('/api/v1/users/{id}', { params: { path: { id: user.id } }, body });
  const disable = () =>
    change(() => patch({ disabled: !user.disabled }), {
      paths: userPaths,
      message: t(user.disabled ? 'users.enabledDone' : 'users.disabledDone', { name: user.name }),
      undo: () => patch({ disabled: user.disabled }),
    });
  const remove = async () => {
    if (
      !(await confirm({
        title: t('users.deleteTitle', { name: user.name }),
        body: t('users.deleteBody'),
        action: t('common:delete'),
        danger: true,
      }))
    )
      return;
    await change(() => api.DELETE('/api/v1/users/{id}', { params: { path: { id: user.id } } }), {
      paths: userPaths,
      message: t('users.deleted', { name: user.name }),
    });
  };
  return (
    <Group gap={6} wrap="nowrap">
      <Button
        size="compact-sm"
        variant="default"
        onClick={edit}
        aria-label={t('users.edit', { name: user.name })}
      >
        {t('common:edit')}
      </Button>
      {me.name !== user.name && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon aria-label={t('users.more', { name: user.name })}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => void disable()}>
              {t(user.disabled ? 'users.enable' : 'users.disable')}
            </Menu.Item>
            <Menu.Item color="red" onClick={() => void remove()}>
              {t('common:delete')}
            </Menu.Item>
          </Menu.Dropdown>
        </Menu>
      )}
    </Group>
  );
}
