// Values as people read them: times, counts, bytes, addresses.
import { Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useNow } from '@/lib/clock';
import { formatAgo, formatBytes, formatCount, formatTime, parseTime } from '@/lib/format';
import { usePrefs } from '@/lib/prefs';

/** Date and time in the zone that was chosen. */
export function Time({ value, precise }: { value?: string | null; precise?: boolean }) {
  const { i18n } = useTranslation();
  const { utc } = usePrefs();
  const ms = parseTime(value);
  if (ms === undefined) return <span className="dim">–</span>;
  return (
    <time className="num" dateTime={value ?? undefined}>
      {formatTime(ms, { language: i18n.language, utc, precise })}
    </time>
  );
}

/** How long ago; the exact time is in the tooltip. */
export function Ago({ value }: { value?: string | null }) {
  const { i18n } = useTranslation();
  const { utc } = usePrefs();
  const now = useNow();
  const ms = parseTime(value);
  if (ms === undefined) return <span className="dim">–</span>;
  return (
    <Tooltip label={formatTime(ms, { language: i18n.language, utc, precise: true, zone: true })}>
      <time className="num" dateTime={value ?? undefined}>
        {formatAgo(ms, now, i18n.language)}
      </time>
    </Tooltip>
  );
}

export function Count({ value }: { value?: number }) {
  const { i18n } = useTranslation();
  return <span className="num">{formatCount(value, i18n.language)}</span>;
}

export function Bytes({ value }: { value?: number }) {
  const { i18n } = useTranslation();
  return <span className="num">{formatBytes(value, i18n.language)}</span>;
}

/** An address, id or other text of machines. */
export function Mono({ children }: { children: React.ReactNode }) {
  return <span className="mono">{children}</span>;
}
