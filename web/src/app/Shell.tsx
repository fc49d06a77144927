import { ActionIcon, Drawer, Menu, Tooltip, UnstyledButton } from '@mantine/core';
import {
  IconLayoutSidebarLeftCollapse,
  IconLayoutSidebarLeftExpand,
  IconMenu2,
  IconSearch,
} from '@tabler/icons-react';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, NavLink, Outlet, useLocation } from 'react-router';
import { liveTypes, liveUrl, startLive, useLiveState } from '@/api/live';
import { zoneName } from '@/lib/format';
import { setPrefs, usePrefs } from '@/lib/prefs';
import { PageSkeleton } from '@/widgets/PageSkeleton';
import { AccountMenu } from './AccountMenu';
import { Logo } from './Logo';
import { places } from './nav';
import { hasPage } from './routes';
import css from './Shell.module.css';
import { atLeast, useSession } from './session';
import { useShortcuts } from './shortcuts';

const Palette = lazy(() => import('./Palette'));
const Help = lazy(() => import('./Help'));

export function Shell() {
  const { t } = useTranslation();
  const { narrow } = usePrefs();
  const [drawer, setDrawer] = useState(false);
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const main = useRef<HTMLElement>(null);
  const { pathname } = useLocation();

  useShortcuts({ openPalette: () => setPalette(true), openHelp: () => setHelp(true) });
  useEffect(() => startLive(liveUrl, liveTypes), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new page starts at its top
  useEffect(() => {
    main.current?.scrollTo(0, 0);
    setDrawer(false);
  }, [pathname]);

  return (
    <div className={css.shell} data-narrow={narrow || undefined}>
      <a className={css.skip} href="#main">
        {t('skip')}
      </a>
      <nav className={css.nav} aria-label={t('nav.label')}>
        <Navigation />
        <div className={css.foot}>
          <Tooltip label={narrow ? t('nav.widen') : t('nav.narrow')} position="right">
            <ActionIcon
              size="lg"
              aria-label={narrow ? t('nav.widen') : t('nav.narrow')}
              onClick={() => setPrefs({ narrow: !narrow })}
            >
              {narrow ? (
                <IconLayoutSidebarLeftExpand size={18} />
              ) : (
                <IconLayoutSidebarLeftCollapse size={18} />
              )}
            </ActionIcon>
          </Tooltip>
        </div>
      </nav>
      <Drawer
        opened={drawer}
        onClose={() => setDrawer(false)}
        size={260}
        padding={0}
        withCloseButton={false}
        title={undefined}
        attributes={{ content: { 'aria-label': t('nav.label') } }}
      >
        <nav className={css.drawer} aria-label={t('nav.label')}>
          <Navigation />
        </nav>
      </Drawer>
      <header className={`${css.head} no-print`}>
        <span className={css.menu}>
          <ActionIcon size="lg" aria-label={t('nav.open')} onClick={() => setDrawer(true)}>
            <IconMenu2 size={20} />
          </ActionIcon>
        </span>
        <UnstyledButton className={css.search} onClick={() => setPalette(true)} aria-keyshortcuts="Control+K">
          <IconSearch size={15} aria-hidden />
          <span className="truncate">{t('palette.open')}</span>
          <kbd className={css.key}>Ctrl K</kbd>
        </UnstyledButton>
        <span className={css.gap} />
        <Zone />
        <Live />
        <Menu position="bottom-end" width={240}>
          <AccountMenu openHelp={() => setHelp(true)} />
        </Menu>
      </header>
      <main className={css.main} id="main" ref={main} tabIndex={-1}>
        <Suspense
          fallback={
            <div className={css.waiting}>
              <PageSkeleton />
            </div>
          }
        >
          <Outlet />
        </Suspense>
      </main>
      <Suspense fallback={null}>
        {palette && <Palette close={() => setPalette(false)} />}
        {help && <Help close={() => setHelp(false)} />}
      </Suspense>
    </div>
  );
}

function Navigation() {
  const { t } = useTranslation();
  const { role } = useSession();
  const { narrow } = usePrefs();
  const groups = ['watch', 'inspect', 'run'] as const;
  return (
    <>
      <Link to="/" className={css.brand}>
        <Logo size={24} />
        <span>Edgeward</span>
      </Link>
      <div className={css.list}>
        {groups.map((group) => {
          const shown = places.filter(
            (p) => p.group === group && hasPage(p.name) && (!p.role || atLeast(role, p.role)),
          );
          if (shown.length === 0) return null;
          return (
            <div key={group}>
              <div className={css.group}>{t(`nav.groups.${group}`)}</div>
              {shown.map((p) => (
                <NavLink
                  key={p.name}
                  to={p.path}
                  end={p.path === '/'}
                  className={css.link}
                  title={narrow ? t(`nav.${p.name}`) : undefined}
                  aria-label={narrow ? t(`nav.${p.name}`) : undefined}
                >
                  <p.icon size={18} stroke={1.7} aria-hidden />
                  <span>{t(`nav.${p.name}`)}</span>
                </NavLink>
              ))}
            </div>
          );
        })}
      </div>
    </>
  );
}

function Live() {
  const { t } = useTranslation();
  const state = useLiveState();
  return (
    <Tooltip label={t(`live.${state}Hint`)}>
      <span className={css.live} role="status">
        <span className={css.dot} data-state={state} aria-hidden />
        <span>{t(`live.${state}`)}</span>
      </span>
    </Tooltip>
  );
}

/** In which zone times are shown; a click goes over to UTC and back. */
function Zone() {
  const { t, i18n } = useTranslation();
  const { utc } = usePrefs();
  const local = zoneName(Date.now(), i18n.language);
  const label = t('clock.label', { zone: utc ? 'UTC' : local, other: utc ? t('clock.local') : 'UTC' });
  return (
    <Tooltip label={label}>
      <UnstyledButton className={css.zone} aria-label={label} onClick={() => setPrefs({ utc: !utc })}>
        {utc ? 'UTC' : local}
      </UnstyledButton>
    </Tooltip>
  );
}

/** The console's outline, until who is logged in is known. */
export function ShellSkeleton() {
  return (
    <div className={css.shell} aria-busy="true">
      <div className={css.nav} />
      <div className={css.head} />
      <div className={css.main}>
        <div className={css.waiting}>
          <PageSkeleton />
        </div>
      </div>
    </div>
  );
}
