import { Button, Group } from '@mantine/core';
import { IconBell, IconPlus, IconSend } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import { text, useUrlState } from '@/lib/url';
import { SeverityBadge, Tag } from '@/widgets/badges';
import { refresh, useChange } from '@/widgets/change';
import { say, sayError, useConfirm } from '@/widgets/confirm';
import { EmptyState } from '@/widgets/EmptyState';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Ago } from '@/widgets/values';
import { TargetForm } from './TargetForm';
import { settingsPaths, WithSettings } from './useSettings';

export type Target = components['schemas']['Target'];
const fields = { target: text() };

/** Who is told of findings, and how. */
export function Notifications() {
  return <WithSettings>{(s) => <List targets={s.notifications} />}</WithSettings>;
}

function List({ targets }: { targets: Target[] }) {
  const { t } = useTranslation('settings');
  const [state, change] = useUrlState(fields);
  const edited = targets.find((x) => x.id === state.target);
  const add = (
    <Button
      size="xs"
      leftSection={<IconPlus size={14} aria-hidden />}
      onClick={() => change({ target: 'new' }, true)}
    >
      {t('notify.add')}
    </Button>
  );
  return (
    <Panel flush title={t('notify.count', { count: targets.length })} aside={add}>
      {targets.length === 0 ? (
        <EmptyState icon={IconBell} title={t('notify.none')} hint={t('notify.hint')} />
      ) : (
        <SimpleTable<Target>
          label={t('sections.notifications')}
          rows={targets}
          rowKey={(x) => x.id}
          faded={(x) => !x.enabled}
          columns={[
            {
              key: 'name',
              header: t('tokens.name'),
              cell: (x) => (
                <strong>
                  <Inert value={x.name} limit={60} />
                </strong>
              ),
            },
            {
              key: 'kind',
              header: t('notify.kind'),
              cell: (x) => <Tag>{t(`notify.kinds.${x.kind}`)}</Tag>,
              tight: true,
            },
            {
              key: 'where',
              header: t('notify.where'),
              cell: (x) => <Inert value={x.kind === 'email' ? x.to?.join(', ') : x.url} limit={50} mono />,
            },
            {
              key: 'severity',
              header: t('notify.severity'),
              cell: (x) => (x.severity ? <SeverityBadge severity={x.severity} /> : t('parts:all')),
            },
            {
              key: 'state',
              header: t('users.state'),
              cell: (x) =>
                !x.enabled ? (
                  <Tag>{t('notify.off')}</Tag>
                ) : x.last_error ? (
                  <Tag tone="bad">
                    <Inert value={x.last_error} limit={50} />
                  </Tag>
                ) : x.last_sent ? (
                  <Ago value={x.last_sent} />
                ) : (
                  <span className="dim">{t('notify.nothingSent')}</span>
                ),
            },
            {
              key: 'act',
              header: '',
              cell: (x) => <Actions target={x} edit={() => change({ target: x.id }, true)} />,
              tight: true,
            },
          ]}
        />
      )}
      {(edited || state.target === 'new') && (
        <TargetForm key={state.target} target={edited} close={() => change({ target: '' })} />
      )}
    </Panel>
  );
}

function Actions({ target, edit }: { target: Target; edit: () => void }) {
  const { t } = useTranslation('settings');
  const confirm = useConfirm();
  const [change] = useChange();
  const [testing, setTesting] = useState(false);
  const at = { params: { path: { id: target.id } } };
  const test = async () => {
    setTesting(true);
    try {
      const { data } = await api.POST('/api/v1/settings/notifications/{id}/test', at);
      if (data?.delivered) say(t('notify.delivered', { name: target.name, ms: data.took }));
      else sayError(new Error(data?.error));
    } catch (e) {
      sayError(e);
    } finally {
      setTesting(false);
      void refresh(settingsPaths);
    }
  };
  const remove = async () => {
    if (
      !(await confirm({
        title: t('notify.deleteTitle', { name: target.name }),
        action: t('common:delete'),
        danger: true,
      }))
    )
      return;
    await change(() => api.DELETE('/api/v1/settings/notifications/{id}', at), {
      paths: settingsPaths,
      message: t('notify.deleted'),
    });
  };
  return (
    <Group gap={6} wrap="nowrap">
      <Button size="compact-sm" variant="subtle" color="red" onClick={() => void remove()}>
        {t('common:delete')}
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        loading={testing}
        leftSection={<IconSend size={14} aria-hidden />}
        onClick={() => void test()}
      >
        {t('notify.test')}
      </Button>
      <Button size="compact-sm" variant="default" onClick={edit}>
        {t('common:edit')}
      </Button>
    </Group>
  );
}
