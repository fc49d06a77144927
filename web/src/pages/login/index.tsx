import { Alert, Button, Divider, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, useNavigate, useSearchParams } from 'react-router';
import { api } from '@/api/client';
import { ApiError } from '@/api/problem';
import { begin, loadSession, sessionKey } from '@/api/session';
import { safeNext } from '@/lib/links';
import { Gate } from '@/widgets/Gate';
import { SecondFactor } from './SecondFactor';

/** Lets a person in: by name and passphrase, with a second factor, or through the OpenID provider. */
export default function Login() {
  const { t } = useTranslation('login');
  const [params] = useSearchParams();
  const navigate = useNavigate();
  const { data: start } = useQuery({ queryKey: sessionKey, queryFn: loadSession, staleTime: Infinity });
  const next = safeNext(params.get('next'));
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [wantsCode, setWantsCode] = useState(false);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = `${t('title')} · Edgeward`;
  }, [t]);

  if (start?.session?.mustTOTP) return <SecondFactor />;
  if (start?.state === 'in') return <Navigate to={next} replace />;

  const submit = async (e: FormEvent) => {
    e.preventDefault();
    setBusy(true);
    setProblem('');
    try {
      const { data } = await api.POST('/api/v1/session', {
        body: { name: name.trim(), password, code: wantsCode ? code.trim() : undefined },
      });
      if (data) {
        begin(data);
        void navigate(next, { replace: true });
      }
    } catch (err) {
      if (err instanceof ApiError && err.kind === 'totp' && !wantsCode) setWantsCode(true);
      else setProblem(words(err));
    } finally {
      setBusy(false);
    }
  };
  const words = (err: unknown): string => {
    if (!(err instanceof ApiError)) return String(err);
    if (err.status === 0) return t('common:error.unreachable');
    if (err.status === 429) return t('tooMany');
    if (err.kind === 'wrong') return t('wrong');
    return err.message;
  };

  return (
    <Gate title={t('title')} subtitle={wantsCode ? t('codeHint') : undefined}>
      <form onSubmit={(e) => void submit(e)}>
        <Stack gap="sm">
          {problem && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          {wantsCode ? (
            <TextInput
              size="md"
              label={t('code')}
              inputMode="numeric"
              autoComplete="one-time-code"
              autoFocus
              maxLength={40}
              value={code}
              onChange={(e) => setCode(e.currentTarget.value)}
            />
          ) : (
            <>
              <TextInput
                size="md"
                label={t('name')}
                autoComplete="username"
                autoFocus
                autoCapitalize="none"
                spellCheck={false}
                maxLength={64}
                value={name}
                onChange={(e) => setName(e.currentTarget.value)}
              />
              <PasswordInput
                size="md"
                label={t('password')}
                autoComplete="current-password"
                maxLength={1024}
                visibilityToggleButtonProps={{ 'aria-label': t('show') }}
                value={password}
                onChange={(e) => setPassword(e.currentTarget.value)}
              />
            </>
          )}
          <Button
            type="submit"
            size="md"
            loading={busy}
            disabled={wantsCode ? !code.trim() : !name.trim() || !password}
          >
            {t('enter')}
          </Button>
          {wantsCode && (
            <Button variant="subtle" onClick={() => setWantsCode(false)}>
              {t('back')}
            </Button>
          )}
          {start?.oidc && !wantsCode && (
            <>
              <Divider label={t('or')} />
              <Button component="a" href="/api/v1/session/oidc" variant="default" size="md">
                {t('with', { name: start.oidc })}
              </Button>
            </>
          )}
        </Stack>
      </form>
    </Gate>
  );
}
