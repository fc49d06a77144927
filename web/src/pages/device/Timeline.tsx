import { Button, Skeleton } from '@mantine/core';
import {
  IconAlertTriangle,
  IconArrowMerge,
  IconArrowsSplit,
  IconCircleCheck,
  IconEye,
  IconEyeOff,
  IconMessage,
  IconNetwork,
  IconPencil,
  IconPlug,
  type TablerIcon,
} from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '@/api/client';
import type { DeviceDetail } from '@/api/types';
import { ErrorState } from '@/widgets/ErrorState';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { Time } from '@/widgets/values';
import css from './device.module.css';

const icons: Record<string, TablerIcon> = {
  address: IconNetwork,
  service: IconPlug,
  lost: IconEyeOff,
  finding: IconAlertTriangle,
  reopened: IconAlertTriangle,
  status: IconCircleCheck,
  comment: IconMessage,
  edit: IconPencil,
  merge: IconArrowMerge,
  split: IconArrowsSplit,
};
const pageSize = 100;

/** What happened to a device, newest first. */
export function TimelineTab({ device }: { device: DeviceDetail }) {
  const { t } = useTranslation('device');
  const path = '/api/v1/devices/{id}/timeline';
  const q = useInfiniteQuery({
    queryKey: [path, device.id],
    initialPageParam: undefined as number | undefined,
    queryFn: async ({ pageParam, signal }) => {
      const { data } = await api.GET(path, {
        params: { path: { id: device.id }, query: { limit: pageSize, before: pageParam } },
        signal,
      });
      return data ?? [];
    },
    getNextPageParam: (last) => (last.length === pageSize ? last.at(-1)?.seq : undefined),
  });
  const moments = (q.data?.pages ?? []).flat();
  return (
    <Panel title={t('tab.timeline')}>
      {q.error ? (
        <ErrorState error={q.error} retry={() => void q.refetch()} />
      ) : q.isPending ? (
        <Skeleton height={240} />
      ) : moments.length === 0 ? (
        <p className="dim">{t('timelineEmpty')}</p>
      ) : (
        <ol className={css.timeline}>
          {moments.map((m) => {
            const Icon = icons[m.kind] ?? IconEye;
            return (
              <li key={m.seq}>
                <span className={css.marker}>
                  <Icon size={15} aria-hidden />
                </span>
                <span>
                  <span className="dim">{t(`moment.${m.kind}`, { defaultValue: m.kind })} · </span>
                  {m.finding ? (
                    <Link to={`/findings/${encodeURIComponent(m.finding)}`}>{m.subject}</Link>
                  ) : (
                    <Inert value={m.subject} limit={120} />
                  )}
                  {(m.before || m.after) && (
                    <span>
                      {': '}
                      {m.before && (
                        <>
                          <s className="dim">
                            <Inert value={m.before} limit={120} />
                          </s>{' '}
                          →{' '}
                        </>
                      )}
                      <Inert value={m.after} limit={160} />
                    </span>
                  )}
                  {m.actor && <span className="dim"> · {m.actor}</span>}
                </span>
                <span className="dim">
                  <Time value={m.time} />
                </span>
              </li>
            );
          })}
        </ol>
      )}
      {q.hasNextPage && (
        <Button
          variant="default"
          size="compact-sm"
          loading={q.isFetchingNextPage}
          onClick={() => void q.fetchNextPage()}
        >
          {t('older')}
        </Button>
      )}
    </Panel>
  );
}
