import { Button, Menu } from '@mantine/core';
import {
  IconCheck,
  IconChevronDown,
  IconCircleHalf2,
  IconRefresh,
  IconVolume,
  IconVolumeOff,
} from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { FindingDetail } from '@/api/types';
import { useCan } from '@/app/session';
import { useKeys } from '@/app/shortcuts';
import { judge, refreshFindings } from '@/pages/findings/edit';
import { say, sayError, sayUndo } from '@/widgets/confirm';

const MuteDialog = lazy(() => import('@/pages/findings/MuteDialog'));

/** What can be done with a finding: a acknowledges, r resolves, m mutes. */
export function Actions({ finding }: { finding: FindingDetail }) {
  const { t } = useTranslation(['finding', 'findings', 'common']);
  const can = useCan('analyst');
  const [muting, setMuting] = useState(false);
  const set = async (status: 'open' | 'acknowledged' | 'resolved') => {
    try {
      const { undo } = await judge([finding], status);
      sayUndo(t(`findings:done.${status}`, { count: 1 }), undo);
    } catch (e) {
      sayError(e);
    }
  };
  const unmute = async () => {
    try {
      await api.DELETE('/api/v1/mutes/{id}', { params: { path: { id: finding.mute ?? '' } } });
      refreshFindings();
      say(t('unmuted'));
    } catch (e) {
      sayError(e);
    }
  };
  const open = finding.status === 'open' || finding.status === 'not-tested';
  const resolved = finding.status === 'resolved';
  useKeys({
    a: () => can && open && void set('acknowledged'),
    r: () => can && void set(resolved ? 'open' : 'resolved'),
    m: () => can && !finding.mute && setMuting(true),
  });
  if (!can) return null;
  return (
    <>
      <Assign finding={finding} />
      {finding.mute ? (
        <Button
          variant="default"
          leftSection={<IconVolume size={16} aria-hidden />}
          onClick={() => void unmute()}
        >
          {t('unmute')}
        </Button>
      ) : (
        <Button
          variant="default"
          leftSection={<IconVolumeOff size={16} aria-hidden />}
          onClick={() => setMuting(true)}
        >
          {t('findings:action.mute')}…
        </Button>
      )}
      {open && (
        <Button
          variant="default"
          leftSection={<IconCircleHalf2 size={16} aria-hidden />}
          onClick={() => void set('acknowledged')}
        >
          {t('findings:action.acknowledge')}
        </Button>
      )}
      {resolved ? (
        <Button leftSection={<IconRefresh size={16} aria-hidden />} onClick={() => void set('open')}>
          {t('findings:action.reopen')}
        </Button>
      ) : (
        <Button leftSection={<IconCheck size={16} aria-hidden />} onClick={() => void set('resolved')}>
          {t('findings:action.resolve')}
        </Button>
      )}
      <Suspense fallback={null}>
        {muting && (
          <MuteDialog findings={[finding]} close={() => setMuting(false)} done={() => setMuting(false)} />
        )}
      </Suspense>
    </>
  );
}

function Assign({ finding }: { finding: FindingDetail }) {
  const { t } = useTranslation('finding');
  const names = hub.useQuery('get', '/api/v1/names', {}, { staleTime: 60_000 });
  const edit = hub.useMutation('patch', '/api/v1/findings/{id}', {
    onSuccess: refreshFindings,
    onError: sayError,
  });
  const set = (assignee: string) => edit.mutate({ params: { path: { id: finding.id } }, body: { assignee } });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" rightSection={<IconChevronDown size={14} aria-hidden />}>
          {finding.assignee || t('assign')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(names.data ?? []).map((n) => (
          <Menu.Item key={n} onClick={() => set(n)}>
            {n}
          </Menu.Item>
        ))}
        {finding.assignee && <Menu.Item onClick={() => set('')}>{t('unassign')}</Menu.Item>}
      </Menu.Dropdown>
    </Menu>
  );
}
