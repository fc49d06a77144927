import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Finding } from '@/api/types';
import { BulkAction, BulkBar } from '@/widgets/BulkBar';
import { sayError, sayUndo } from '@/widgets/confirm';
import { judge } from './edit';

const MuteDialog = lazy(() => import('./MuteDialog'));

interface Props {
  count: number;
  /** Gives the findings that were chosen. */
  load(): Promise<Finding[]>;
  clear: () => void;
}

/** What an analyst does with many findings at once. */
export function Bulk({ count, load, clear }: Props) {
  const { t } = useTranslation(['findings', 'common']);
  const [muting, setMuting] = useState<Finding[]>();
  const [busy, setBusy] = useState(false);
  const set = async (status: 'open' | 'acknowledged' | 'resolved') => {
    setBusy(true);
    try {
      const { changed, undo } = await judge(await load(), status);
      clear();
      sayUndo(t(`done.${status}`, { count: changed }), undo);
    } catch (e) {
      sayError(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <BulkBar count={count} clear={clear}>
      <BulkAction disabled={busy} onClick={() => void set('acknowledged')}>
        {t('action.acknowledge')}
      </BulkAction>
      <BulkAction disabled={busy} onClick={() => void set('resolved')}>
        {t('action.resolve')}
      </BulkAction>
      <BulkAction disabled={busy} onClick={() => void set('open')}>
        {t('action.reopen')}
      </BulkAction>
      <BulkAction disabled={busy} onClick={() => void load().then(setMuting, sayError)}>
        {t('action.mute')}…
      </BulkAction>
      <Suspense fallback={null}>
        {muting && (
          <MuteDialog
            findings={muting}
            close={() => setMuting(undefined)}
            done={() => {
              setMuting(undefined);
              clear();
            }}
          />
        )}
      </Suspense>
    </BulkBar>
  );
}
