import { Alert, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { begin } from '@/api/session';
import { minLength, strength } from '@/lib/strength';
import css from './setup.module.css';

/** Makes the first administrator with the one-time token that the program printed. */
export function Account({ token: given, done }: { token: string; done: () => void }) {
  const { t } = useTranslation('setup');
  const [token, setToken] = useState(given);
  const [name, setName] = useState('admin');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const level = strength(password, name);
  const same = password === again;

  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setProblem('');
    setBusy(true);
    try {
      const { data } = await api.POST('/api/v1/setup', {
        body: { token: token.trim(), name: name.trim(), password },
      });
      if (data) {
        begin(data);
        done();
      }
    } catch (err) {
      setProblem(err instanceof Error ? err.message : String(err));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(e) => void submit(e)}>
      <Stack gap="sm">
        {problem && (
          <Alert color="red" role="alert">
            {problem}
          </Alert>
        )}
        {!given && (
          <TextInput
            label={t('account.token')}
            description={t('account.tokenHint')}
            autoComplete="off"
            maxLength={200}
            value={token}
            onChange={(e) => setToken(e.currentTarget.value)}
          />
        )}
        <TextInput
          label={t('account.name')}
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={64}
          value={name}
          onChange={(e) => setName(e.currentTarget.value)}
        />
        <div>
          <PasswordInput
            label={t('account.password')}
            description={t('account.passwordHint', { count: minLength })}
            autoComplete="new-password"
            autoFocus
            maxLength={1024}
            visibilityToggleButtonProps={{ 'aria-label': t('account.show') }}
            value={password}
            onChange={(e) => setPassword(e.currentTarget.value)}
          />
          <div className={css.meter} data-level={password ? level : undefined} aria-hidden>
            <span />
            <span />
            <span />
          </div>
          <Text size="sm" c="dimmed" role="status" mih={20}>
            {password && t(`account.strength.${level}`)}
          </Text>
        </div>
        <PasswordInput
          label={t('account.again')}
          autoComplete="new-password"
          maxLength={1024}
          visibilityToggleButtonProps={{ 'aria-label': t('account.show') }}
          error={again !== '' && !same && t('account.differ')}
          value={again}
          onChange={(e) => setAgain(e.currentTarget.value)}
        />
        <Button
          type="submit"
          size="md"
          loading={busy}
          disabled={!token.trim() || !name.trim() || level === 'short' || !same}
        >
          {t('account.create')}
        </Button>
      </Stack>
    </form>
  );
}
