import { Button } from '@mantine/core';
import { IconCloudOff, IconExclamationCircle, IconLock } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '@/api/problem';
import css from './EmptyState.module.css';

interface Props {
  error: unknown;
  retry?: () => void;
  /** It is all that is shown. */
  whole?: boolean;
}

/** Says what went wrong and what to do; the hub's own words come second. */
export function ErrorState({ error, retry, whole }: Props) {
  const { t } = useTranslation();
  const status = error instanceof ApiError ? error.status : -1;
  const kind = kindOf(status);
  const Icon = kind === 'unreachable' ? IconCloudOff : kind === 'denied' ? IconLock : IconExclamationCircle;
  const own = error instanceof Error && status !== 0 ? error.message : '';
  return (
    <div className={whole ? css.whole : undefined} role="alert">
      <div className={css.empty}>
        <Icon size={32} stroke={1.4} aria-hidden />
        <p className={css.title}>{t(`error.${kind}`)}</p>
        <p className={css.hint}>{t(`error.${kind}Hint`)}</p>
        {own && <p className={`${css.hint} mono`}>{own}</p>}
        {retry && kind !== 'denied' && (
          <div className={css.actions}>
            <Button variant="default" onClick={retry}>
              {t('error.retry')}
            </Button>
          </div>
        )}
      </div>
    </div>
  );
}

/** The sort of a failure, which is the key of its texts. */
export function kindOf(status: number): 'unreachable' | 'denied' | 'missing' | 'busy' | 'invalid' | 'broken' {
  if (status === 0) return 'unreachable';
  if (status === 401 || status === 403) return 'denied';
  if (status === 404) return 'missing';
  if (status === 429 || status === 503 || status === 507) return 'busy';
  if (status >= 400 && status < 500) return 'invalid';
  return 'broken';
}
