import { Button, Group, Modal, PasswordInput, Stack, TextInput } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import type { Me } from '@/api/session';
import { Tag } from '@/widgets/badges';
import { refresh } from '@/widgets/change';
import { say, sayError } from '@/widgets/confirm';
import { Copyable } from '@/widgets/Once';
import { Panel } from '@/widgets/Panel';
import css from './settings.module.css';

const Qr = lazy(() => import('./Qr').then((m) => ({ default: m.Qr })));

type Act = 'set' | 'remove' | 'codes';

/** The second factor: an authenticator, and codes for when it is lost. */
export function TwoFactor({ me }: { me: Me }) {
  const { t } = useTranslation('settings');
  const [act, setAct] = useState<Act>();
  return (
    <Panel
      title={t('totp.title')}
      aside={<Tag tone={me.totp ? 'good' : 'warn'}>{me.totp ? t('totp.on') : t('totp.off')}</Tag>}
    >
      <p className="dim">{me.totp ? t('totp.left', { count: me.recovery }) : t('totp.why')}</p>
      <Group mt="sm">
        {me.totp ? (
          <>
            <Button variant="default" onClick={() => setAct('codes')}>
              {t('totp.newCodes')}
            </Button>
            <Button variant="light" color="red" onClick={() => setAct('remove')}>
              {t('totp.remove')}
            </Button>
          </>
        ) : (
          <Button onClick={() => setAct('set')}>{t('totp.set')}</Button>
        )}
      </Group>
      {act && <Dialog act={act} close={() => setAct(undefined)} />}
    </Panel>
  );
}

function Dialog({ act, close }: { act: Act; close: () => void }) {
  const { t } = useTranslation('settings');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [busy, setBusy] = useState(false);
  const [secret, setSecret] = useState<components['schemas']['TOTPSetup']>();
  const [codes, setCodes] = useState<string[]>();

  const run = async (step: () => Promise<void>) => {
    setBusy(true);
    try {
      await step();
    } catch (e) {
      sayError(e);
    } finally {
      setBusy(false);
    }
  };
  const confirm = () =>
    run(async () => {
      const body = { password };
      if (act === 'set') setSecret((await api.POST('/api/v1/session/totp', { body })).data);
      else if (act === 'codes') setCodes((await api.POST('/api/v1/session/recovery', { body })).data?.codes);
      else {
        await api.DELETE('/api/v1/session/totp', { body });
        say(t('totp.removed'));
        close();
      }
      void refresh(['/api/v1/session']);
    });
  const finish = () =>
    run(async () => {
      setCodes((await api.PUT('/api/v1/session/totp', { body: { code: code.trim() } })).data?.codes);
      void refresh(['/api/v1/session']);
    });

  return (
    <Modal
      closeButtonProps={{ 'aria-label': t('common:close') }}
      opened
      onClose={close}
      title={t(act === 'remove' ? 'totp.remove' : act === 'codes' ? 'totp.newCodes' : 'totp.set')}
      closeOnClickOutside={!codes}
    >
      {codes ? (
        <Codes codes={codes} close={close} />
      ) : secret ? (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void finish();
          }}
        >
          <Stack gap="sm" align="stretch">
            <p>{t('totp.scan')}</p>
            <Group justify="center">
              <Suspense fallback={<div className={css.qr} />}>
                <Qr value={secret.url} label={t('totp.qr')} />
              </Suspense>
            </Group>
            <Copyable value={secret.secret} label={t('totp.secret')} />
            <TextInput
              label={t('totp.code')}
              value={code}
              inputMode="numeric"
              autoComplete="one-time-code"
              maxLength={10}
              onChange={(e) => setCode(e.currentTarget.value)}
              data-autofocus
            />
            <Group justify="flex-end">
              <Button type="submit" loading={busy} disabled={code.trim().length < 6}>
                {t('totp.confirm')}
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void confirm();
          }}
        >
          <Stack gap="sm">
            <PasswordInput
              label={t('totp.password')}
              value={password}
              autoComplete="current-password"
              onChange={(e) => setPassword(e.currentTarget.value)}
              data-autofocus
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {t('common:cancel')}
              </Button>
              <Button
                type="submit"
                color={act === 'remove' ? 'red' : undefined}
                loading={busy}
                disabled={!password}
              >
                {t(act === 'remove' ? 'totp.remove' : 'totp.next')}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

function Codes({ codes, close }: { codes: string[]; close: () => void }) {
  const { t } = useTranslation('settings');
  return (
    <>
      <p>{t('totp.keep')}</p>
      <ul className={css.codes}>
        {codes.map((c) => (
          <li key={c}>{c}</li>
        ))}
      </ul>
      <Copyable value={codes.join('\n')} label={t('totp.codes')} />
      <Group justify="flex-end" mt="md">
        <Button onClick={close}>{t('parts:once.kept')}</Button>
      </Group>
    </>
  );
}
