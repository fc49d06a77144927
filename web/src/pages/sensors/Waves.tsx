import { Button, Skeleton } from '@mantine/core';
import { IconArrowBackUp } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import { useCan } from '@/app/session';
import { Tag } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import { useConfirm } from '@/widgets/confirm';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Panel } from '@/widgets/Panel';
import { Ago } from '@/widgets/values';
import css from './sensors.module.css';
import { sensorPaths, type Wave } from './shapes';

/** Upgrades that go over the sensors step by step, and the way back. */
export function Waves() {
  const { t } = useTranslation('sensors');
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/waves', {}, { refetchInterval: 10_000 });
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton height={160} radius="md" />;
  if (data.items.length === 0)
    return (
      <Panel>
        <EmptyState title={t('waves.none')} hint={t('waves.hint')} />
      </Panel>
    );
  return (
    <Panel flush>
      {data.items.map((w: Wave) => (
        <WaveRow key={w.id} wave={w} />
      ))}
    </Panel>
  );
}

function WaveRow({ wave }: { wave: Wave }) {
  const { t } = useTranslation('sensors');
  const operator = useCan('operator');
  const confirm = useConfirm();
  const [change, busy] = useChange();
  const what = [
    wave.version && t('waves.program', { version: wave.version }),
    wave.content && t('waves.content', { version: wave.content }),
    wave.config &&
      Object.keys(wave.config).length > 0 &&
      t('waves.config', { keys: Object.keys(wave.config).join(', ') }),
  ].filter(Boolean);
  const back = async () => {
    if (
      !(await confirm({
        title: t('waves.backTitle'),
        body: t('waves.backBody'),
        action: t('waves.back'),
        danger: true,
      }))
    )
      return;
    await change(() => api.POST('/api/v1/waves/{id}/rollback', { params: { path: { id: wave.id } } }), {
      paths: sensorPaths,
      message: t('waves.backDone'),
    });
  };
  return (
    <article className={css.wave}>
      <div className={css.waveHead}>
        <h3>{what.join(' · ')}</h3>
        <Tag tone={wave.state === 'done' ? 'good' : wave.state === 'running' ? 'accent' : 'warn'}>
          {t(`waves.state.${wave.state}`)}
        </Tag>
        <span className="dim">
          {wave.author} · <Ago value={wave.created} />
        </span>
        <span>
          {operator && wave.state === 'running' && wave.step < wave.steps.length && (
            <Button
              size="xs"
              mr="xs"
              loading={busy}
              onClick={() =>
                void change(
                  () => api.POST('/api/v1/waves/{id}/advance', { params: { path: { id: wave.id } } }),
                  {
                    paths: sensorPaths,
                    message: t('waves.advanced'),
                  },
                )
              }
            >
              {t('waves.advance')}
            </Button>
          )}
          {operator && wave.state !== 'rolled-back' && (
            <Button
              size="xs"
              variant="default"
              loading={busy}
              leftSection={<IconArrowBackUp size={14} aria-hidden />}
              onClick={() => void back()}
            >
              {t('waves.back')}
            </Button>
          )}
        </span>
      </div>
      <ol className={css.steps}>
        {(wave.steps ?? []).map((step, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps have no other name
          <li key={i} className={css.step} data-begun={i < wave.step || undefined}>
            <h4>{t('waves.step', { n: i + 1 })}</h4>
            <ul>
              {(step.sensors ?? []).map((s) => (
                <li key={s.id}>
                  {s.name}{' '}
                  <Tag tone={s.state === 'applied' ? 'good' : s.state === 'problem' ? 'bad' : undefined}>
                    {t(`waves.sensor.${s.state}`)}
                  </Tag>
                  {s.problem && <div className="dim">{s.problem}</div>}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
    </article>
  );
}
