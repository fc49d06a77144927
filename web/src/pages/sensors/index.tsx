// Who reports, how they are, and what they shall run.
import { Button, Skeleton, Tabs } from '@mantine/core';
import { IconPlus, IconRefresh } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import { useLiveRefresh } from '@/api/live';
import { useCan } from '@/app/session';
import { flag, oneOf, text, useUrlState } from '@/lib/url';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Page } from '@/widgets/Page';
import { Panel } from '@/widgets/Panel';
import { Backlogs } from './Backlogs';
import { Enrolments } from './Enrolments';
import { EnrolWizard } from './EnrolWizard';
import { SensorDrawer } from './SensorDrawer';
import { SensorTable } from './SensorTable';
import { WaveForm } from './WaveForm';
import { Waves } from './Waves';

const fields = {
  tab: oneOf(['sensors', 'enrolments', 'waves'], 'sensors'),
  id: text(),
  enrol: flag(),
  upgrade: flag(),
};

export default function Sensors() {
  const { t } = useTranslation('sensors');
  const [state, change] = useUrlState(fields);
  const operator = useCan('operator');
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/sensors', {}, { refetchInterval: 10_000 });
  useLiveRefresh('sensor', ['/api/v1/sensors']);
  const sensors = data?.items ?? [];
  const chosen = sensors.find((s) => s.id === state.id);

  return (
    <Page
      title={t('title')}
      subtitle={t('subtitle')}
      actions={
        operator && (
          <>
            <Button
              variant="default"
              leftSection={<IconRefresh size={16} aria-hidden />}
              onClick={() => change({ upgrade: true }, true)}
              disabled={sensors.length === 0}
            >
              {t('upgrade.open')}
            </Button>
            <Button
              leftSection={<IconPlus size={16} aria-hidden />}
              onClick={() => change({ enrol: true }, true)}
            >
              {t('enrol.open')}
            </Button>
          </>
        )
      }
    >
      <Tabs value={state.tab} onChange={(tab) => change({ tab: tab as typeof state.tab })}>
        <Tabs.List mb="md">
          <Tabs.Tab value="sensors">{t('tabs.sensors')}</Tabs.Tab>
          <Tabs.Tab value="enrolments" disabled={!operator}>
            {t('tabs.enrolments')}
          </Tabs.Tab>
          <Tabs.Tab value="waves">{t('tabs.waves')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="sensors">
          {error ? (
            <ErrorState error={error} retry={() => void refetch()} />
          ) : !data ? (
            <Skeleton height={220} radius="md" />
          ) : sensors.length === 0 ? (
            <Panel>
              <EmptyState title={t('empty.title')} hint={t('empty.hint')}>
                {operator && <Button onClick={() => change({ enrol: true }, true)}>{t('enrol.open')}</Button>}
              </EmptyState>
            </Panel>
          ) : (
            <>
              <Backlogs sensors={sensors} />
              <Panel flush>
                <SensorTable sensors={sensors} chosen={state.id} open={(id) => change({ id }, true)} />
              </Panel>
            </>
          )}
        </Tabs.Panel>
        <Tabs.Panel value="enrolments">
          <Enrolments open={() => change({ enrol: true }, true)} />
        </Tabs.Panel>
        <Tabs.Panel value="waves">
          <Waves />
        </Tabs.Panel>
      </Tabs>
      {chosen && <SensorDrawer key={chosen.id} sensor={chosen} close={() => change({ id: '' })} />}
      {state.enrol && operator && <EnrolWizard close={() => change({ enrol: false })} />}
      {state.upgrade && operator && (
        <WaveForm
          sensors={sensors}
          close={() => change({ upgrade: false })}
          started={() => change({ tab: 'waves' })}
        />
      )}
    </Page>
  );
}
