import { Skeleton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import type { DeviceDetail } from '@/api/types';
import { formatBytes } from '@/lib/format';
import { bounds, range } from '@/lib/range';
import { useUrlState } from '@/lib/url';
import { ErrorState } from '@/widgets/ErrorState';
import { Panel } from '@/widgets/Panel';
import { Shares } from '@/widgets/Shares';
import { TimeRange } from '@/widgets/TimeRange';
import { TrafficChart } from '@/widgets/TrafficChart';
import css from './device.module.css';

const fields = { t: range() };

/** When, how much and with whom a device talks. */
export function TrafficTab({ device }: { device: DeviceDetail }) {
  const { t } = useTranslation('device');
  const [url, setUrl] = useUrlState(fields);
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/devices/{id}/traffic', {
    params: { path: { id: device.id }, query: bounds(url.t) },
  });
  if (error) return <ErrorState error={error} retry={() => void refetch()} />;
  return (
    <>
      <Panel title={t('tab.traffic')} aside={<TimeRange value={url.t} onChange={(v) => setUrl({ t: v })} />}>
        {data ? <TrafficChart series={data.series} height={220} /> : <Skeleton height={220} />}
      </Panel>
      <div className={css.pair}>
        <Panel title={t('profile.protocols')} flush>
          {data ? (
            <Shares shares={data.protocols} />
          ) : (
            <div className={css.waiting}>
              <Skeleton height={120} />
            </div>
          )}
        </Panel>
        <Panel title={t('profile.peers')} flush>
          {data ? (
            <Shares shares={data.peers} />
          ) : (
            <div className={css.waiting}>
              <Skeleton height={120} />
            </div>
          )}
        </Panel>
      </div>
      <Panel title={t('profile.hours')} aside="UTC">
        {data ? <Week hours={data.hours} /> : <Skeleton height={170} />}
      </Panel>
    </>
  );
}

/** Bytes by hour of the week: seven rows of twenty-four, the darker the more. */
function Week({ hours }: { hours: readonly number[] }) {
  const { t, i18n } = useTranslation('device');
  const most = hours.reduce((a, b) => Math.max(a, b), 0);
  // 5 January 1970 was a Monday.
  const day = (d: number) =>
    new Intl.DateTimeFormat(i18n.language, { weekday: 'short', timeZone: 'UTC' }).format(
      (4 + d) * 86_400_000,
    );
  if (most === 0) return <p className="dim">{t('profile.quiet')}</p>;
  return (
    <table className={css.week}>
      <tbody>
        {Array.from({ length: 7 }, (_, d) => (
          <tr key={day(d)}>
            <th scope="row">{day(d)}</th>
            {Array.from({ length: 24 }, (_, h) => {
              const bytes = hours[d * 24 + h] ?? 0;
              const text = `${day(d)} ${h}:00, ${formatBytes(bytes, i18n.language)}`;
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: the hour is its name
                <td key={h} title={text}>
                  <span style={{ opacity: bytes === 0 ? 0 : 0.15 + 0.85 * Math.sqrt(bytes / most) }} />
                  <span className="sr-only">{text}</span>
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
      <tfoot aria-hidden>
        <tr>
          <th />
          {Array.from({ length: 24 }, (_, h) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the hour is its name
            <td key={h}>{h % 6 === 0 ? h : ''}</td>
          ))}
        </tr>
      </tfoot>
    </table>
  );
}
