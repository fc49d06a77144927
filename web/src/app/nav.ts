// The places of the console: what the navigation lists, the keys after "g",
// and the routes. A page is a folder of pages/ with an index.tsx that exports
// its component as default, and texts in i18n/{en,de}/<name>.json.
import {
  IconActivityHeartbeat,
  IconAlertTriangle,
  IconBinaryTree2,
  IconCalendarClock,
  IconClipboardList,
  IconDevices2,
  IconEyeOff,
  IconFileReport,
  IconGridDots,
  IconHistory,
  IconInfoCircle,
  IconLayoutDashboard,
  IconSearch,
  IconSettings,
  IconUpload,
  type TablerIcon,
} from '@tabler/icons-react';

export type Role = 'viewer' | 'analyst' | 'operator' | 'admin';
export const roles: readonly Role[] = ['viewer', 'analyst', 'operator', 'admin'];

export interface Place {
  /** The folder in pages/, the namespace of its texts, and common:nav.<name>. */
  name: string;
  path: string;
  icon: TablerIcon;
  /** The key after "g". */
  key: string;
  group: 'watch' | 'inspect' | 'run';
  /** The least role that sees it. */
  role?: Role;
}

export const places: readonly Place[] = [
  { name: 'overview', path: '/', icon: IconLayoutDashboard, key: 'o', group: 'watch' },
  { name: 'changes', path: '/changes', icon: IconHistory, key: 'c', group: 'watch' },
  { name: 'findings', path: '/findings', icon: IconAlertTriangle, key: 'f', group: 'watch' },
  { name: 'devices', path: '/devices', icon: IconDevices2, key: 'd', group: 'watch' },
  { name: 'coverage', path: '/coverage', icon: IconEyeOff, key: 'v', group: 'watch' },
  { name: 'hunt', path: '/hunt', icon: IconSearch, key: 'h', group: 'inspect' },
  { name: 'm2m', path: '/m2m', icon: IconBinaryTree2, key: 'm', group: 'inspect' },
  { name: 'zones', path: '/zones', icon: IconGridDots, key: 'z', group: 'inspect' },
  {
    name: 'capture-upload',
    path: '/captures',
    icon: IconUpload,
    key: 'u',
    group: 'inspect',
    role: 'operator',
  },
  { name: 'sensors', path: '/sensors', icon: IconActivityHeartbeat, key: 's', group: 'run' },
  { name: 'reports', path: '/reports', icon: IconFileReport, key: 'r', group: 'run' },
  { name: 'maintenance', path: '/maintenance', icon: IconCalendarClock, key: 'w', group: 'run' },
  { name: 'settings', path: '/settings', icon: IconSettings, key: 'e', group: 'run' },
  { name: 'audit', path: '/audit', icon: IconClipboardList, key: 'a', group: 'run', role: 'admin' },
  { name: 'about', path: '/about', icon: IconInfoCircle, key: 'i', group: 'run' },
];

/** Pages that the navigation does not list. */
export const hiddenPlaces: readonly { name: string; path: string }[] = [
  { name: 'device', path: '/devices/:id' },
  { name: 'finding', path: '/findings/:id' },
  { name: 'graph', path: '/devices/:id/graph' },
  { name: 'settings', path: '/settings/:section' },
];
