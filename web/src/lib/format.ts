// How values are written for people. All functions are pure; components of
// widgets/values.tsx feed them with the language and clock that were chosen.

const dash = '–';

/** Groups of three digits in the language's way. */
export function formatCount(n: number | undefined, language: string): string {
  if (n === undefined || !Number.isFinite(n)) return dash;
  return new Intl.NumberFormat(language, { maximumFractionDigits: 0 }).format(n);
}

/** A short count for charts and tiles: 12.3k. */
export function formatCompact(n: number | undefined, language: string): string {
  if (n === undefined || !Number.isFinite(n)) return dash;
  return new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: 1 }).format(n);
}

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** Bytes with decimal units (SI), three significant digits. */
export function formatBytes(n: number | undefined, language: string): string {
  if (n === undefined || !Number.isFinite(n)) return dash;
  let i = 0;
  let v = Math.abs(n);
  while (v >= 999.5 && i < units.length - 1) {
    v /= 1000;
    i++;
  }
  const digits = i === 0 || v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2;
  const text = new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(v);
  return `${n < 0 ? '-' : ''}${text} ${units[i]}`;
}

/** A share of one as a percentage; small ones keep a digit. */
export function formatShare(share: number | undefined, language: string): string {
  if (share === undefined || !Number.isFinite(share)) return dash;
  const digits = share !== 0 && Math.abs(share) < 0.1 ? 1 : 0;
  return new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: digits }).format(share);
}

/** Milliseconds since 1970 of an RFC 3339 text, or undefined. */
export function parseTime(text: string | undefined | null): number | undefined {
  if (!text) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) || ms <= 0 ? undefined : ms;
}

export interface TimeStyle {
  language: string;
  utc: boolean;
  /** Seconds and milliseconds too. */
  precise?: boolean;
  /** Names the zone also where it is not UTC. */
  zone?: boolean;
}

/** Date and time; the zone is said when it is UTC. */
export function formatTime(ms: number | undefined, style: TimeStyle): string {
  if (ms === undefined) return dash;
  const text = new Intl.DateTimeFormat(style.language, {
    year: 'numeric',
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: style.precise ? '2-digit' : undefined,
    fractionalSecondDigits: style.precise ? 3 : undefined,
    hourCycle: 'h23',
    timeZone: style.utc ? 'UTC' : undefined,
    timeZoneName: style.zone && !style.utc ? 'short' : undefined,
  }).format(ms);
  return style.utc ? `${text} UTC` : text;
}

/** The short name of this browser's zone at a time: "CET", "GMT+5:30". */
export function zoneName(ms: number, language: string): string {
  const parts = new Intl.DateTimeFormat(language, { timeZoneName: 'short' }).formatToParts(ms);
  return parts.find((p) => p.type === 'timeZoneName')?.value ?? 'UTC';
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 7],
  ['week', 4.35],
  ['month', 12],
];

/** "3 minutes ago"; the largest unit that fits. */
export function formatAgo(ms: number | undefined, now: number, language: string): string {
  if (ms === undefined) return dash;
  let v = (ms - now) / 1000;
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' });
  for (const [unit, size] of steps) {
    if (Math.abs(v) < size) return format.format(Math.trunc(v), unit);
    v /= size;
  }
  return format.format(Math.trunc(v), 'year');
}

/** How long: "2 d 3 h", the two largest units. */
export function formatDuration(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return dash;
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = Math.floor(ms / 1000);
  const parts: [number, string][] = [
    [Math.floor(s / 86400), 'd'],
    [Math.floor(s / 3600) % 24, 'h'],
    [Math.floor(s / 60) % 60, 'min'],
    [s % 60, 's'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, u]) => `${n} ${u}`)
    .join(' ');
}
