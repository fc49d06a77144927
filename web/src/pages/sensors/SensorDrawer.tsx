import { Alert, Button, Drawer, Group, Stack, TextInput } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '@/api/client';
import { useCan } from '@/app/session';
import { formatDuration } from '@/lib/format';
import { useChange } from '@/widgets/change';
import { useConfirm } from '@/widgets/confirm';
import { Needs } from '@/widgets/Needs';
import { Panel } from '@/widgets/Panel';
import { Bytes, Count, Mono, Time } from '@/widgets/values';
import { ConfigEditor } from './ConfigEditor';
import { losses } from './health';
import { StateTag } from './StateTag';
import css from './sensors.module.css';
import { type Sensor, sensorPaths } from './shapes';

/** All about one sensor. */
export function SensorDrawer({ sensor, close }: { sensor: Sensor; close: () => void }) {
  const { t } = useTranslation('sensors');
  const operator = useCan('operator');
  return (
    <Drawer
      closeButtonProps={{ 'aria-label': t('common:close') }}
      opened
      onClose={close}
      position="right"
      size="lg"
      title={
        <Group gap="xs">
          <strong>{sensor.name}</strong>
          <StateTag state={sensor.state} />
        </Group>
      }
    >
      <Stack gap="md">
        {sensor.problem && (
          <Alert color="red" icon={<IconAlertTriangle size={18} aria-hidden />} title={t('detail.problem')}>
            {sensor.problem}
          </Alert>
        )}
        <Health sensor={sensor} />
        <Lost sensor={sensor} />
        <Panel title={t('config.title')}>
          <ConfigEditor sensor={sensor} editable={operator && !sensor.revoked} />
        </Panel>
        <Needs least="operator" what={t('detail.changing')}>
          {!sensor.revoked && <Naming sensor={sensor} />}
          {!sensor.local && !sensor.revoked && <Revoke sensor={sensor} />}
        </Needs>
      </Stack>
    </Drawer>
  );
}

function Health({ sensor: s }: { sensor: Sensor }) {
  const { t } = useTranslation('sensors');
  const rows: [string, ReactNode][] = [
    [t('detail.site'), s.site || t('noSite')],
    [t('detail.seen'), s.seen ? <Time key="seen" value={s.seen} precise /> : t('neverHeard')],
    [t('detail.last'), <Time key="last" value={s.last_fact} precise />],
    [
      t('detail.clock'),
      Math.abs(s.clock_offset) < 1 ? t('detail.clockRight') : formatDuration(s.clock_offset * 1000),
    ],
    [t('detail.interfaces'), s.interfaces?.length ? <Mono key="if">{s.interfaces.join(', ')}</Mono> : '–'],
    [t('detail.packets'), <Count key="packets" value={s.packets} />],
    [t('detail.bytes'), <Bytes key="bytes" value={s.bytes} />],
    [
      t('detail.facts'),
      <Link key="facts" to={`/hunt?q=${encodeURIComponent(`sensor:${s.id}`)}`}>
        <Count value={s.facts} />
      </Link>,
    ],
    [t('detail.restarts'), <Count key="restarts" value={s.restarts} />],
    [t('detail.version'), <Mono key="version">{s.version || '–'}</Mono>],
    [t('detail.content'), <Mono key="content">{s.applied?.content || '–'}</Mono>],
    [t('detail.enrolled'), <Time key="enrolled" value={s.enrolled} />],
    [
      t('detail.certificate'),
      s.local ? t('detail.local') : <Time key="certificate" value={s.certificate_expires} />,
    ],
  ];
  return (
    <Panel title={t('detail.health')}>
      <dl className={css.facts}>
        {rows.map(([name, value]) => (
          <Row key={name} name={name}>
            {value}
          </Row>
        ))}
      </dl>
    </Panel>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Lost({ sensor }: { sensor: Sensor }) {
  const { t } = useTranslation('sensors');
  const list = losses(sensor.loss);
  return (
    <Panel title={t('loss.title')}>
      {list.length === 0 ? (
        <p className="dim">{t('loss.nothing')}</p>
      ) : (
        <ul className={css.loss}>
          {list.map((l) => (
            <li key={l.name}>
              <strong>{l.known ? t(`loss.${l.name}.name`) : l.name}</strong>
              <Count value={l.count} />
              {l.known && <p>{t(`loss.${l.name}.why`)}</p>}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Naming({ sensor }: { sensor: Sensor }) {
  const { t } = useTranslation('sensors');
  const [name, setName] = useState(sensor.name);
  const [site, setSite] = useState(sensor.site);
  const [change, busy] = useChange();
  const put = (body: { name: string; site: string }) =>
    api.PATCH('/api/v1/sensors/{id}', { params: { path: { id: sensor.id } }, body });
  const same = name.trim() === sensor.name && site.trim() === sensor.site;
  return (
    <Panel title={t('naming.title')}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          const before = { name: sensor.name, site: sensor.site };
          void change(() => put({ name: name.trim(), site: site.trim() }), {
            paths: sensorPaths,
            undo: () => put(before),
          });
        }}
      >
        <Group align="flex-end" gap="sm">
          <TextInput
            label={t('naming.name')}
            value={name}
            maxLength={100}
            required
            onChange={(e) => setName(e.currentTarget.value)}
          />
          <TextInput
            label={t('naming.site')}
            value={site}
            maxLength={100}
            onChange={(e) => setSite(e.currentTarget.value)}
          />
          <Button type="submit" loading={busy} disabled={same || !name.trim()}>
            {t('common:save')}
          </Button>
        </Group>
      </form>
    </Panel>
  );
}

function Revoke({ sensor }: { sensor: Sensor }) {
  const { t } = useTranslation('sensors');
  const confirm = useConfirm();
  const [change, busy] = useChange();
  const revoke = async () => {
    const yes = await confirm({
      title: t('revoke.title', { name: sensor.name }),
      body: t('revoke.body'),
      action: t('revoke.action'),
      danger: true,
    });
    if (!yes) return;
    await change(() => api.POST('/api/v1/sensors/{id}/revoke', { params: { path: { id: sensor.id } } }), {
      paths: sensorPaths,
      message: t('revoke.done', { name: sensor.name }),
    });
  };
  return (
    <Group justify="space-between">
      <span className="dim">{t('revoke.why')}</span>
      <Button color="red" variant="light" loading={busy} onClick={() => void revoke()}>
        {t('revoke.action')}
      </Button>
    </Group>
  );
}
