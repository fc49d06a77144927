import type { components } from '@/api/schema';

type Shapes = components['schemas'];

export type Protect = Shapes['Protect'];
export type Lane = Shapes['ProtectLane'];
export type Block = Shapes['ProfileBlock'];
export type Attack = Shapes['ProtectAttack'];
export type Profile = Shapes['ProfileDetail'];
export type Line = Shapes['ProfileLine'];
export type Sample = Shapes['ProfileSample'];
export type Revision = Shapes['ProfileRevision'];
export type Mode = Profile['mode'];

/** What a drawer beside the screen shows. */
export type Opened =
  | { what: 'exchanges'; title: string; samples: readonly Sample[]; query: string; count: number }
  | { what: 'blocked' }
  | { what: 'attacks' };

/** What changes when a profile does. */
export const paths = ['/api/v1/devices', '/api/v1/profiles', '/api/v1/findings', '/api/v1/zones'];

/** An attack counts as blocked when nothing of it came through. */
export const stopped = (a: Attack): boolean => a.blocked === a.exchanges;

/** A proposal that rests on nothing that was seen: only what every network needs. */
export const learnedNothing = (p: Profile | null): boolean => !p?.rules.some((l) => l.evidence.count > 0);
