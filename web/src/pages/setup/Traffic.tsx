import { Alert, Button, Group, Stack, TextInput } from '@mantine/core';
import { IconActivity, IconEyeOff } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import type { Sensor } from '@/api/types';
import { say, sayError } from '@/widgets/confirm';
import { ErrorState } from '@/widgets/ErrorState';
import { PageSkeleton } from '@/widgets/PageSkeleton';
import { Count } from '@/widgets/values';
import css from './setup.module.css';

/** Shows whether the local sensor sees packets, and lets a person choose its interface. */
export function Traffic({ next }: { next: () => void }) {
  const { t } = useTranslation('setup');
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/sensors', {}, { refetchInterval: 2000 });
  if (error && !data) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <PageSkeleton />;
  const local = data.items.find((s) => s.local && !s.revoked);
  return (
    <Stack gap="md">
      {local ? <Local sensor={local} /> : <Alert color="gray">{t('traffic.none')}</Alert>}
      <Group justify="flex-end">
        <Button onClick={next} size="md">
          {t('traffic.next')}
        </Button>
      </Group>
    </Stack>
  );
}

function Local({ sensor }: { sensor: Sensor }) {
  const { t } = useTranslation('setup');
  const [first] = useState(sensor.packets);
  const [waited, setWaited] = useState(false);
  const [name, setName] = useState(sensor.interfaces.join(', '));
  useEffect(() => {
    const timer = setTimeout(() => setWaited(true), 8000);
    return () => clearTimeout(timer);
  }, []);
  const edit = hub.useMutation('patch', '/api/v1/sensors/{id}', {
    onSuccess: () => say(t('traffic.set')),
    onError: sayError,
  });
  const seen = sensor.packets - first;
  const state = seen > 0 ? 'seen' : waited ? 'unseen' : 'waiting';
  return (
    <>
      <div className={css.counter} data-state={state} role="status">
        {state === 'unseen' ? <IconEyeOff size={26} aria-hidden /> : <IconActivity size={26} aria-hidden />}
        <div>
          <b>
            <Count value={sensor.packets} /> {t('traffic.packets')}
          </b>
          <div className="dim">{t(`traffic.${state}`, { interfaces: sensor.interfaces.join(', ') })}</div>
        </div>
      </div>
      {sensor.problem && <Alert color="orange">{sensor.problem}</Alert>}
      {state === 'unseen' && (
        <Alert color="gray" title={t('traffic.help')}>
          {t('traffic.helpText')}
        </Alert>
      )}
      <form
        onSubmit={(e) => {
          e.preventDefault();
          edit.mutate({
            params: { path: { id: sensor.id } },
            body: { config: { ...sensor.wanted.config, interface: name.trim() } },
          });
        }}
      >
        <Group align="flex-end" gap="xs">
          <TextInput
            flex={1}
            label={t('traffic.interface')}
            description={t('traffic.interfaceHint')}
            maxLength={100}
            spellCheck={false}
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
          />
          <Button
            type="submit"
            variant="default"
            loading={edit.isPending}
            disabled={!name.trim() || name.trim() === sensor.interfaces.join(', ')}
          >
            {t('traffic.use')}
          </Button>
        </Group>
      </form>
    </>
  );
}
