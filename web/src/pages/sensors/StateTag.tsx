import {
  IconAlertTriangle,
  IconCircleCheck,
  IconClockPause,
  IconHourglass,
  IconPlugConnectedX,
  IconSparkles,
  type TablerIcon,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Tag } from '@/widgets/badges';

const looks: Record<string, { icon: TablerIcon; tone?: 'good' | 'warn' | 'bad' | 'accent' }> = {
  ok: { icon: IconCircleCheck, tone: 'good' },
  behind: { icon: IconHourglass, tone: 'warn' },
  silent: { icon: IconClockPause, tone: 'bad' },
  problem: { icon: IconAlertTriangle, tone: 'bad' },
  revoked: { icon: IconPlugConnectedX },
  new: { icon: IconSparkles, tone: 'accent' },
};

/** How a sensor is, in a word with a shape. */
export function StateTag({ state }: { state: string }) {
  const { t } = useTranslation('sensors');
  const look = looks[state] ?? { icon: IconAlertTriangle };
  return (
    <Tag tone={look.tone}>
      <look.icon size={13} aria-hidden />
      {t(`state.${state}`)}
    </Tag>
  );
}
