import { Alert, Button, Code, Image, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, queryClient } from '@/api/client';
import type { components } from '@/api/schema';
import { logout, sessionKey } from '@/api/session';
import { Gate } from '@/widgets/Gate';

type Setup = components['schemas']['TOTPSetup'];

/** Sets up the second factor that the hub's rules want before anything else. */
export function SecondFactor() {
  const { t } = useTranslation('login');
  const [password, setPassword] = useState('');
  const [setup, setSetup] = useState<Setup>();
  const [code, setCode] = useState('');
  const [codes, setCodes] = useState<string[]>();
  const [problem, setProblem] = useState('');
  const run = async (e: FormEvent, what: () => Promise<void>) => {
    e.preventDefault();
    setProblem('');
    try {
      await what();
    } catch (err) {
      setProblem(err instanceof Error ? err.message : String(err));
    }
  };
  const start = async () => {
    const { data } = await api.POST('/api/v1/session/totp', { body: { password } });
    setSetup(data);
  };
  const confirm = async () => {
    const { data } = await api.PUT('/api/v1/session/totp', { body: { code: code.trim() } });
    setCodes(data?.codes ?? []);
  };
  if (codes)
    return (
      <Gate title={t('totp.codes')} subtitle={t('totp.codesHint')}>
        <Stack gap="sm">
          <Code block>{codes.join('\n')}</Code>
          <Button onClick={() => void queryClient.invalidateQueries({ queryKey: sessionKey })}>
            {t('totp.kept')}
          </Button>
        </Stack>
      </Gate>
    );
  return (
    <Gate title={t('totp.title')} subtitle={t(setup ? 'totp.scan' : 'totp.hint')}>
      <form onSubmit={(e) => void run(e, setup ? confirm : start)}>
        <Stack gap="sm">
          {problem && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          {setup ? (
            <>
              <Image src={setup.image} alt={t('totp.image')} w={200} h={200} mx="auto" />
              <Text size="sm" ta="center">
                {t('totp.secret')} <Code>{setup.secret}</Code>
              </Text>
              <TextInput
                label={t('code')}
                inputMode="numeric"
                autoComplete="one-time-code"
                maxLength={10}
                value={code}
                onChange={(e) => setCode(e.currentTarget.value)}
              />
            </>
          ) : (
            <PasswordInput
              label={t('password')}
              autoComplete="current-password"
              maxLength={1024}
              visibilityToggleButtonProps={{ 'aria-label': t('show') }}
              value={password}
              onChange={(e) => setPassword(e.currentTarget.value)}
            />
          )}
          <Button type="submit" disabled={setup ? code.trim().length < 6 : !password}>
            {t('totp.next')}
          </Button>
          <Button variant="subtle" onClick={() => void logout()}>
            {t('common:account.logout')}
          </Button>
        </Stack>
      </form>
    </Gate>
  );
}
