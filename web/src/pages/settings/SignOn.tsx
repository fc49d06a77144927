import {
  Button,
  Group,
  NumberInput,
  PasswordInput,
  Select,
  Switch,
  TagsInput,
  TextInput,
} from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import { roles } from '@/app/nav';
import { useChange } from '@/widgets/change';
import { say, sayError } from '@/widgets/confirm';
import { Fields } from '@/widgets/Fields';
import { Copyable } from '@/widgets/Once';
import { Panel } from '@/widgets/Panel';
import { PairList } from './PairList';
import css from './settings.module.css';
import { type SettingsDocument, settingsPaths, WithSettings } from './useSettings';

/** How people log in: rules of sessions, and an OpenID provider. */
export function SignOn() {
  return (
    <WithSettings>
      {(s) => (
        <>
          <Rules rules={s.access} />
          <Provider key={JSON.stringify(s.oidc)} oidc={s.oidc} />
        </>
      )}
    </WithSettings>
  );
}

function Rules({ rules }: { rules: SettingsDocument['access'] }) {
  const { t } = useTranslation('settings');
  const [input, setInput] = useState(rules);
  const [change, busy] = useChange();
  const put = (body: SettingsDocument['access']) => api.PUT('/api/v1/settings/access', { body });
  return (
    <Panel title={t('access.title')}>
      <form
        className={css.form}
        onSubmit={(e) => {
          e.preventDefault();
          void change(() => put(input), {
            paths: settingsPaths,
            undo: () => put(rules).then(() => setInput(rules)),
          });
        }}
      >
        <Fields>
          <NumberInput
            label={t('access.idle')}
            description={t('access.idleHint')}
            value={input.idle_minutes}
            min={5}
            max={10080}
            clampBehavior="strict"
            onChange={(v) => setInput({ ...input, idle_minutes: Number(v) || 5 })}
          />
          <NumberInput
            label={t('access.max')}
            description={t('access.maxHint')}
            value={input.max_hours}
            min={1}
            max={720}
            clampBehavior="strict"
            onChange={(v) => setInput({ ...input, max_hours: Number(v) || 1 })}
          />
        </Fields>
        <Switch
          label={t('access.totp')}
          checked={input.require_totp}
          onChange={(e) => setInput({ ...input, require_totp: e.currentTarget.checked })}
        />
        <Group>
          <Button type="submit" loading={busy} disabled={JSON.stringify(input) === JSON.stringify(rules)}>
            {t('common:save')}
          </Button>
        </Group>
      </form>
    </Panel>
  );
}

type Input = components['schemas']['OidcInputBody'];

function Provider({ oidc }: { oidc: SettingsDocument['oidc'] }) {
  const { t } = useTranslation('settings');
  const { secret_set, redirect, ...stored } = oidc;
  const [input, setInput] = useState<Input>(stored);
  const [secret, setSecret] = useState('');
  const [change, busy] = useChange();
  const [testing, setTesting] = useState(false);
  const set = (part: Partial<Input>) => setInput({ ...input, ...part });
  const test = async () => {
    setTesting(true);
    try {
      const { data } = await api.POST('/api/v1/settings/oidc/test');
      if (data?.delivered) say(t('oidc.works', { ms: data.took }));
      else sayError(new Error(data?.error));
    } catch (e) {
      sayError(e);
    } finally {
      setTesting(false);
    }
  };
  return (
    <Panel title={t('oidc.title')}>
      <form
        className={css.form}
        onSubmit={(e) => {
          e.preventDefault();
          void change(
            () => api.PUT('/api/v1/settings/oidc', { body: { ...input, secret: secret || undefined } }),
            { paths: settingsPaths },
          );
        }}
      >
        <p className="dim">{t('oidc.what')}</p>
        <Switch
          label={t('oidc.enabled')}
          checked={input.enabled}
          onChange={(e) => set({ enabled: e.currentTarget.checked })}
        />
        <Fields>
          <TextInput
            label={t('oidc.issuer')}
            placeholder="https://login.example.org/realms/plant"
            type="url"
            value={input.issuer ?? ''}
            maxLength={500}
            onChange={(e) => set({ issuer: e.currentTarget.value || undefined })}
          />
          <TextInput
            label={t('oidc.label')}
            placeholder={t('oidc.labelExample')}
            value={input.label ?? ''}
            maxLength={60}
            onChange={(e) => set({ label: e.currentTarget.value })}
          />
          <TextInput
            label={t('oidc.client')}
            value={input.client_id ?? ''}
            maxLength={200}
            autoComplete="off"
            onChange={(e) => set({ client_id: e.currentTarget.value })}
          />
          <PasswordInput
            label={t('oidc.secret')}
            placeholder={secret_set ? t('secretKept') : undefined}
            value={secret}
            maxLength={1000}
            autoComplete="off"
            onChange={(e) => setSecret(e.currentTarget.value)}
          />
          <TextInput
            label={t('oidc.claim')}
            placeholder="groups"
            value={input.claim ?? ''}
            maxLength={100}
            onChange={(e) => set({ claim: e.currentTarget.value })}
          />
          <TagsInput
            label={t('oidc.scopes')}
            placeholder="groups"
            value={input.scopes ?? []}
            onChange={(scopes) => set({ scopes })}
          />
          <TextInput
            label={t('oidc.base')}
            placeholder="https://edgeward.example.org"
            type="url"
            value={input.base ?? ''}
            maxLength={500}
            onChange={(e) => set({ base: e.currentTarget.value })}
          />
        </Fields>
        <PairList
          label={t('oidc.roles')}
          hint={t('oidc.rolesHint')}
          keyLabel={t('oidc.value')}
          valueLabel={t('users.role')}
          value={input.roles ?? {}}
          onChange={(r) => set({ roles: r })}
          initial="viewer"
          control={(value, onChange, label) => (
            <Select
              aria-label={label}
              allowDeselect={false}
              value={value}
              onChange={(v) => onChange(v ?? 'viewer')}
              data={roles.map((r) => ({ value: r, label: t(`common:role.${r}`) }))}
            />
          )}
        />
        {redirect && (
          <div>
            <p className="dim">{t('oidc.redirect')}</p>
            <Copyable value={redirect} label={t('oidc.redirect')} />
          </div>
        )}
        <Group>
          <Button type="submit" loading={busy}>
            {t('common:save')}
          </Button>
          <Button variant="default" loading={testing} disabled={!oidc.issuer} onClick={() => void test()}>
            {t('oidc.test')}
          </Button>
        </Group>
      </form>
    </Panel>
  );
}
