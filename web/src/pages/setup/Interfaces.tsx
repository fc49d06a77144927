import { Alert, Checkbox, Stack, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import type { Interface, InterfaceList } from '@/api/types';
import { sayError } from '@/widgets/confirm';
import { Copyable } from '@/widgets/Once';
import { Count } from '@/widgets/values';
import css from './setup.module.css';

/** After how long an interface without packets is said to see nothing. */
const patience = 6000;

/** The interfaces of the hub's machine with the kernel's count of packets; choosing one watches it. */
export function Interfaces({
  machine,
  changed,
}: {
  machine: InterfaceList;
  changed: () => Promise<unknown>;
}) {
  const { t } = useTranslation('setup');
  const [first, setFirst] = useState(() => new Map(machine.items.map((x) => [x.name, x.packets])));
  const [waited, setWaited] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setWaited(true), patience);
    return () => clearTimeout(timer);
  }, []);
  // An interface that came later, or was made anew, counts from when it was first seen.
  const late = machine.items.filter((x) => (first.get(x.name) ?? Number.POSITIVE_INFINITY) > x.packets);
  if (late.length > 0) setFirst(new Map([...first, ...late.map((x) => [x.name, x.packets] as const)]));
  const watch = hub.useMutation('put', '/api/v1/interfaces/watched', {
    onSettled: changed,
    onError: sayError,
  });
  // What was just chosen shows at once, until the hub's answer is there.
  const watched = watch.isPending
    ? watch.variables.body.names
    : machine.items.filter((x) => x.watched).map((x) => x.name);
  const choose = (name: string, on: boolean) =>
    watch.mutate({ body: { names: on ? [...watched, name] : watched.filter((x) => x !== name) } });

  if (machine.items.length === 0) return <Alert color="gray">{t('traffic.noInterfaces')}</Alert>;
  return (
    <Stack gap="sm">
      <fieldset className={css.interfaces}>
        <legend>{t('traffic.interface')}</legend>
        {machine.items.map((x) => (
          <label
            key={x.name}
            htmlFor={`interface-${x.name}`}
            className={css.interface}
            data-watched={watched.includes(x.name) || undefined}
          >
            <Checkbox
              id={`interface-${x.name}`}
              checked={watched.includes(x.name)}
              disabled={machine.fixed || watch.isPending}
              onChange={(e) => choose(x.name, e.currentTarget.checked)}
              aria-label={x.name}
            />
            <span>
              <b className="mono">{x.name}</b>{' '}
              <span className="dim">
                <Kind x={x} />
              </span>
              <Sight x={x} more={x.packets - (first.get(x.name) ?? x.packets)} waited={waited} />
            </span>
            <span className={css.packets}>
              <b>
                <Count value={x.packets} />
              </b>
              <span className="dim">{t('traffic.packets')}</span>
            </span>
          </label>
        ))}
      </fieldset>
      {machine.fixed && (
        <Text size="sm" c="dimmed">
          {t('traffic.fixed')}
        </Text>
      )}
      {machine.allowed && machine.problem && (
        <Alert color="orange" role="alert">
          {machine.problem} {machine.hint}
        </Alert>
      )}
      {!machine.allowed && (
        <Alert color="yellow" title={t('traffic.mayNot')}>
          <Text size="sm" mb={8}>
            {t('traffic.mayNotText')}
          </Text>
          <Copyable value={machine.command} label={t('traffic.command')} />
        </Alert>
      )}
    </Stack>
  );
}

function Kind({ x }: { x: Interface }) {
  const { t } = useTranslation('setup');
  if (x.loopback) return t('traffic.loopback');
  const kind = t(x.virtual ? 'traffic.virtual' : 'traffic.hardware');
  return x.speed > 0 ? `${kind} · ${t('traffic.speed', { count: x.speed })}` : kind;
}

/** Whether packets arrive, in words: the number beside it goes up when they do. */
function Sight({ x, more, waited }: { x: Interface; more: number; waited: boolean }) {
  const { t } = useTranslation('setup');
  const state = more > 0 ? 'sees' : !x.up ? 'down' : waited ? 'nothing' : 'looking';
  return (
    <span className={css.sight} data-state={state}>
      {t(`traffic.sight.${state}`)}
    </span>
  );
}
