// Marks for severity, status and risk. Each has a shape and a word beside its
// colour, since colour alone says nothing to many people.
import {
  IconAlertOctagonFilled,
  IconAlertTriangleFilled,
  IconCircleCheck,
  IconCircleDot,
  IconCircleFilled,
  IconCircleHalf2,
  IconHelpCircle,
  IconInfoCircleFilled,
  IconSquareRotatedFilled,
  IconVolumeOff,
  type TablerIcon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import css from './badges.module.css';

export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const;
export type Severity = (typeof severities)[number];

const severityIcons: Record<Severity, TablerIcon> = {
  critical: IconAlertOctagonFilled,
  high: IconAlertTriangleFilled,
  medium: IconSquareRotatedFilled,
  low: IconCircleFilled,
  info: IconInfoCircleFilled,
};

function asSeverity(word: string | undefined): Severity {
  return severities.find((s) => s === word) ?? 'info';
}

/** The icon of a severity; it needs a label beside it. */
export function SeverityIcon({ severity, size = 14 }: { severity: string; size?: number }) {
  const s = asSeverity(severity);
  const Icon = severityIcons[s];
  return <Icon size={size} className={css.icon} data-severity={s} aria-hidden />;
}

export function SeverityBadge({ severity, count }: { severity: string; count?: number | string }) {
  const { t } = useTranslation();
  const s = asSeverity(severity);
  return (
    <span className={css.badge} data-severity={s}>
      <SeverityIcon severity={s} size={12} />
      {count !== undefined && <span className="num">{count}</span>}
      <span>{t(`severity.${s}`)}</span>
    </span>
  );
}

export const statuses = ['open', 'acknowledged', 'resolved', 'not-tested'] as const;
type Status = (typeof statuses)[number];

const statusIcons: Record<Status | 'muted', TablerIcon> = {
  open: IconCircleDot,
  acknowledged: IconCircleHalf2,
  resolved: IconCircleCheck,
  'not-tested': IconHelpCircle,
  muted: IconVolumeOff,
};

export function StatusBadge({ status, muted }: { status: string; muted?: boolean }) {
  const { t } = useTranslation();
  const s = muted ? 'muted' : (statuses.find((x) => x === status) ?? 'open');
  const Icon = statusIcons[s];
  return (
    <span className={css.status} data-status={s}>
      <Icon size={14} aria-hidden />
      {t(`status.${s}`)}
    </span>
  );
}

/** A risk from 0 to 100 as a number and a bar. */
export function RiskMeter({ risk }: { risk: number }) {
  const level =
    risk >= 80 ? 'critical' : risk >= 60 ? 'high' : risk >= 35 ? 'medium' : risk >= 10 ? 'low' : 'info';
  return (
    <span className={css.risk}>
      <span className="num">{risk}</span>
      <span className={css.track} aria-hidden>
        <span
          className={css.bar}
          data-severity={level}
          style={{ width: `${Math.min(100, Math.max(0, risk))}%` }}
        />
      </span>
    </span>
  );
}

/** A neutral word, such as a role, a tag or a protocol. */
export function Tag({
  children,
  tone,
}: {
  children: React.ReactNode;
  tone?: 'good' | 'warn' | 'bad' | 'accent';
}) {
  return (
    <span className={css.tag} data-tone={tone}>
      {children}
    </span>
  );
}
