import { Button, Group, PasswordInput, Skeleton, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { Me } from '@/api/session';
import { Tag } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import { ErrorState } from '@/widgets/ErrorState';
import { Fields } from '@/widgets/Fields';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Ago, Mono, Time } from '@/widgets/values';
import css from './settings.module.css';
import { TwoFactor } from './TwoFactor';

const mePaths = ['/api/v1/session'] as const;

/** One's own account. */
export function Profile() {
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/session');
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={320} radius="md" />;
  return (
    <>
      <Person me={data} />
      {!data.external && <Password />}
      {!data.external && <TwoFactor me={data} />}
      <Sessions />
    </>
  );
}

function Person({ me }: { me: Me }) {
  const { t } = useTranslation('settings');
  const [display, setDisplay] = useState(me.display);
  const [email, setEmail] = useState(me.email);
  const [change, busy] = useChange();
  const put = (body: { display: string; email: string }) => api.PATCH('/api/v1/session', { body });
  return (
    <Panel
      title={me.name}
      aside={
        <Group gap={6}>
          <Tag tone="accent">{t(`common:role.${me.role}`)}</Tag>
          {me.rights.map((r) => (
            <Tag key={r}>{t(`rights.${r}`)}</Tag>
          ))}
        </Group>
      }
    >
      <form
        className={css.form}
        onSubmit={(e) => {
          e.preventDefault();
          const before = { display: me.display, email: me.email };
          void change(() => put({ display, email }), { paths: mePaths, undo: () => put(before) });
        }}
      >
        <Fields>
          <TextInput
            label={t('display')}
            value={display}
            maxLength={100}
            autoComplete="name"
            onChange={(e) => setDisplay(e.currentTarget.value)}
          />
          <TextInput
            label={t('email')}
            type="email"
            value={email}
            maxLength={200}
            autoComplete="email"
            onChange={(e) => setEmail(e.currentTarget.value)}
          />
        </Fields>
        <Group>
          <Button type="submit" loading={busy} disabled={display === me.display && email === me.email}>
            {t('common:save')}
          </Button>
          <span className="dim">
            {me.sites.length > 0 ? t('mySites', { sites: me.sites.join(', ') }) : t('allSites')}
          </span>
        </Group>
      </form>
    </Panel>
  );
}

function Password() {
  const { t } = useTranslation('settings');
  const [current, setCurrent] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const [change, busy] = useChange();
  const short = password !== '' && password.length < 12;
  const differs = again !== '' && again !== password;
  const valid = current !== '' && password.length >= 12 && again === password;
  return (
    <Panel title={t('password.title')}>
      <form
        className={css.form}
        onSubmit={(e) => {
          e.preventDefault();
          void change(() => api.PUT('/api/v1/session/password', { body: { current, password } }), {
            paths: ['/api/v1/sessions'],
            message: t('password.done'),
          }).then((good) => {
            if (!good) return;
            setCurrent('');
            setPassword('');
            setAgain('');
          });
        }}
      >
        <PasswordInput
          label={t('password.current')}
          value={current}
          autoComplete="current-password"
          onChange={(e) => setCurrent(e.currentTarget.value)}
        />
        <Fields>
          <PasswordInput
            label={t('password.new')}
            description={t('password.rule')}
            error={short && t('password.short')}
            value={password}
            autoComplete="new-password"
            onChange={(e) => setPassword(e.currentTarget.value)}
          />
          <PasswordInput
            label={t('password.again')}
            description={t('password.ends')}
            error={differs && t('password.differs')}
            value={again}
            autoComplete="new-password"
            onChange={(e) => setAgain(e.currentTarget.value)}
          />
        </Fields>
        <Group>
          <Button type="submit" loading={busy} disabled={!valid}>
            {t('password.change')}
          </Button>
        </Group>
      </form>
    </Panel>
  );
}

function Sessions() {
  const { t } = useTranslation('settings');
  const { data, error } = hub.useQuery('get', '/api/v1/sessions');
  const [change, busy] = useChange();
  const paths = ['/api/v1/sessions'];
  if (error) return <ErrorState error={error} />;
  return (
    <Panel
      flush
      title={t('sessions.title')}
      aside={
        (data?.items.length ?? 0) > 1 && (
          <Button
            size="xs"
            variant="default"
            loading={busy}
            onClick={() =>
              void change(() => api.DELETE('/api/v1/sessions'), { paths, message: t('sessions.ended') })
            }
          >
            {t('sessions.endOthers')}
          </Button>
        )
      }
    >
      {!data ? (
        <Skeleton height={80} m="md" />
      ) : (
        <SimpleTable
          label={t('sessions.title')}
          rows={data.items}
          rowKey={(s) => s.id}
          columns={[
            {
              key: 'agent',
              header: t('sessions.agent'),
              cell: (s) => (
                <span>
                  {s.current && <Tag tone="good">{t('sessions.this')}</Tag>}{' '}
                  <Inert value={s.agent} limit={70} />
                </span>
              ),
            },
            { key: 'address', header: t('sessions.address'), cell: (s) => <Mono>{s.address}</Mono> },
            { key: 'created', header: t('sessions.created'), cell: (s) => <Time value={s.created} /> },
            { key: 'seen', header: t('sessions.seen'), cell: (s) => <Ago value={s.seen} /> },
            {
              key: 'end',
              header: '',
              cell: (s) =>
                !s.current && (
                  <Button
                    size="compact-sm"
                    variant="subtle"
                    color="red"
                    onClick={() =>
                      void change(
                        () => api.DELETE('/api/v1/sessions/{id}', { params: { path: { id: s.id } } }),
                        { paths, message: t('sessions.ended') },
                      )
                    }
                  >
                    {t('sessions.end')}
                  </Button>
                ),
              tight: true,
            },
          ]}
        />
      )}
    </Panel>
  );
}
