import {
  Button,
  Checkbox,
  Group,
  Modal,
  MultiSelect,
  PasswordInput,
  Select,
  Stack,
  TextInput,
} from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import { roles } from '@/app/nav';
import { useChange } from '@/widgets/change';
import { Fields } from '@/widgets/Fields';
import { type User, userPaths } from './Users';

const rights = ['evidence', 'unmasked', 'subscribers'] as const;
type Right = (typeof rights)[number];

/** Makes a user or changes one. */
export function UserForm({ user, close }: { user?: User; close: () => void }) {
  const { t } = useTranslation('settings');
  const settings = hub.useQuery('get', '/api/v1/settings');
  const [name, setName] = useState(user?.name ?? '');
  const [display, setDisplay] = useState(user?.display ?? '');
  const [email, setEmail] = useState(user?.email ?? '');
  const [password, setPassword] = useState('');
  const [role, setRole] = useState<User['role']>(user?.role ?? 'viewer');
  const [sites, setSites] = useState(user?.sites ?? []);
  const [has, setHas] = useState<string[]>(user?.rights ?? []);
  const [resetTotp, setResetTotp] = useState(false);
  const [change, busy] = useChange();
  const short = password !== '' && password.length < 12;
  const valid = /^[a-zA-Z0-9][a-zA-Z0-9._@-]*$/.test(name) && !short;
  const save = async () => {
    const shared = { display, email, role, sites, password: password || undefined };
    const good = await change(
      () =>
        user
          ? api.PATCH('/api/v1/users/{id}', {
              params: { path: { id: user.id } },
              body: { ...shared, rights: has as Right[], reset_totp: resetTotp },
            })
          : api.POST('/api/v1/users', { body: { ...shared, name, rights: has as Right[] } }),
      { paths: userPaths },
    );
    if (good) close();
  };
  return (
    <Modal
      closeButtonProps={{ 'aria-label': t('common:close') }}
      opened
      onClose={close}
      title={user ? t('users.edit', { name: user.name }) : t('users.add')}
      size="lg"
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (valid) void save();
        }}
      >
        <Stack gap="sm">
          <Fields>
            <TextInput
              label={t('users.loginName')}
              value={name}
              disabled={!!user}
              required
              maxLength={64}
              autoComplete="off"
              onChange={(e) => setName(e.currentTarget.value)}
              data-autofocus
            />
            <TextInput
              label={t('display')}
              value={display}
              maxLength={100}
              onChange={(e) => setDisplay(e.currentTarget.value)}
            />
          </Fields>
          <TextInput
            label={t('email')}
            type="email"
            value={email}
            maxLength={200}
            autoComplete="off"
            onChange={(e) => setEmail(e.currentTarget.value)}
          />
          {!user?.external && (
            <PasswordInput
              label={user ? t('users.newPassword') : t('users.password')}
              description={user ? t('users.newPasswordHint') : t('users.passwordHint')}
              error={short && t('password.short')}
              value={password}
              autoComplete="new-password"
              onChange={(e) => setPassword(e.currentTarget.value)}
            />
          )}
          <Fields>
            <Select
              label={t('users.role')}
              description={t(`roleMay.${role}`)}
              allowDeselect={false}
              value={role}
              onChange={(v) => setRole((v ?? 'viewer') as User['role'])}
              data={roles.map((value) => ({ value, label: t(`common:role.${value}`) }))}
            />
            <MultiSelect
              label={t('users.sites')}
              description={t('users.sitesHint')}
              placeholder={sites.length === 0 ? t('parts:all') : undefined}
              value={sites}
              onChange={setSites}
              data={[...new Set([...(settings.data?.sites.map((s) => s.name) ?? []), ...sites])]}
            />
          </Fields>
          <Checkbox.Group
            label={t('users.rights')}
            description={t('users.rightsHint')}
            value={has}
            onChange={setHas}
          >
            <Stack gap={6} mt={6}>
              {rights.map((r) => (
                <Checkbox key={r} value={r} label={t(`rights.${r}`)} description={t(`rightMay.${r}`)} />
              ))}
            </Stack>
          </Checkbox.Group>
          {user?.totp && (
            <Checkbox
              label={t('users.resetTotp')}
              checked={resetTotp}
              onChange={(e) => setResetTotp(e.currentTarget.checked)}
            />
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('common:cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={!valid}>
              {user ? t('common:save') : t('parts:create')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
