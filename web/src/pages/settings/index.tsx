// What people configure: their own account, and for administrators the hub.
import {
  IconBell,
  IconClockHour4,
  IconDatabase,
  IconKey,
  IconLogin2,
  IconMapPin,
  IconUserCircle,
  IconUsers,
  type TablerIcon,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import type { Role } from '@/app/nav';
import { atLeast, useSession } from '@/app/session';
import { useStrip } from '@/lib/strip';
import { EmptyState } from '@/widgets/EmptyState';
import { Needs } from '@/widgets/Needs';
import { Page } from '@/widgets/Page';
import { Backups } from './Backups';
import { Networks } from './Networks';
import { Notifications } from './Notifications';
import { Profile } from './Profile';
import { Retention } from './Retention';
import { SignOn } from './SignOn';
import css from './settings.module.css';
import { Tokens } from './Tokens';
import { Users } from './Users';

interface Section {
  name: string;
  icon: TablerIcon;
  least: Role;
  show: ComponentType;
}

const sections: readonly Section[] = [
  { name: 'profile', icon: IconUserCircle, least: 'viewer', show: Profile },
  { name: 'tokens', icon: IconKey, least: 'viewer', show: Tokens },
  { name: 'users', icon: IconUsers, least: 'admin', show: Users },
  { name: 'signon', icon: IconLogin2, least: 'admin', show: SignOn },
  { name: 'notifications', icon: IconBell, least: 'admin', show: Notifications },
  { name: 'networks', icon: IconMapPin, least: 'admin', show: Networks },
  { name: 'retention', icon: IconClockHour4, least: 'admin', show: Retention },
  { name: 'backups', icon: IconDatabase, least: 'admin', show: Backups },
];

export default function Settings() {
  const { t } = useTranslation('settings');
  const { section = 'profile' } = useParams();
  const { role } = useSession();
  const strip = useStrip<HTMLElement>(section);
  const shown = sections.filter((s) => atLeast(role, s.least));
  const here = sections.find((s) => s.name === section);
  return (
    <Page title={here ? t(`sections.${here.name}`) : t('title')} subtitle={here && t(`about.${here.name}`)}>
      <div className={css.layout}>
        <nav ref={strip} className={css.nav} aria-label={t('title')}>
          {shown.map((s) => (
            <Link
              key={s.name}
              to={`/settings/${s.name}`}
              className={css.link}
              aria-current={s.name === section ? 'page' : undefined}
            >
              <s.icon size={17} stroke={1.7} aria-hidden />
              {t(`sections.${s.name}`)}
            </Link>
          ))}
          {role !== 'admin' && <p className={css.more}>{t('adminMore')}</p>}
        </nav>
        <div className={css.content}>
          {!here ? (
            <EmptyState title={t('missing')} hint={t('missingHint')} />
          ) : (
            <Needs least={here.least} what={t(`sections.${here.name}`)}>
              <here.show />
            </Needs>
          )}
        </div>
      </div>
    </Page>
  );
}
