import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { IconActivity, IconEyeOff } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import type { Sensor } from '@/api/types';
import { ErrorState } from '@/widgets/ErrorState';
import { PageSkeleton } from '@/widgets/PageSkeleton';
import { Count } from '@/widgets/values';
import { Interfaces } from './Interfaces';
import css from './setup.module.css';

/** Lets a person choose what the local sensor watches, and shows whether it sees packets. */
export function Traffic({ next }: { next: () => void }) {
  const { t } = useTranslation('setup');
  const sensors = hub.useQuery('get', '/api/v1/sensors', {}, { refetchInterval: 2000 });
  const machine = hub.useQuery('get', '/api/v1/interfaces', {}, { refetchInterval: 1000 });
  if (machine.error && !machine.data)
    return <ErrorState error={machine.error} retry={() => void machine.refetch()} />;
  if (!machine.data) return <PageSkeleton />;
  const watched = machine.data.items.filter((x) => x.watched).map((x) => x.name);
  const local = sensors.data?.items.find((s) => s.id === 'local' && !s.revoked);
  return (
    <Stack gap="md">
      <Interfaces machine={machine.data} changed={() => machine.refetch()} />
      {machine.data.running && local && watched.length > 0 && (
        <Local key={watched.join()} sensor={local} interfaces={watched.join(', ')} />
      )}
      {watched.length === 0 && (
        <Text size="sm" c="dimmed">
          {t('traffic.none')}
        </Text>
      )}
      <Group justify="flex-end">
        <Button onClick={next} size="md">
          {t('traffic.next')}
        </Button>
      </Group>
    </Stack>
  );
}

/** What has come out of the sensor: the proof that packets are read, not only received. */
function Local({ sensor, interfaces }: { sensor: Sensor; interfaces: string }) {
  const { t } = useTranslation('setup');
  const [first, setFirst] = useState(sensor.packets);
  // A sensor that starts anew counts from zero, and all of that is new.
  if (sensor.packets < first) setFirst(0);
  const [waited, setWaited] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setWaited(true), 8000);
    return () => clearTimeout(timer);
  }, []);
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
          <div className="dim">{t(`traffic.${state}`, { interfaces })}</div>
        </div>
      </div>
      {sensor.problem && <Alert color="orange">{sensor.problem}</Alert>}
      {state === 'unseen' && (
        <Alert color="gray" title={t('traffic.help')}>
          {t('traffic.helpText')}
        </Alert>
      )}
    </>
  );
}
