// Words that the hub gives and people read.
import type { TFunction } from 'i18next';

/** A device type in the person's language; a new type that has no text yet shows as it is. */
export function typeName(t: TFunction, type: string): string {
  return t(`types:${type}`, { defaultValue: type.replaceAll('-', ' ') });
}

/** "unknown" and nothing are the same to people. */
export function known(value: string | undefined): string {
  return value && value !== 'unknown' ? value : '';
}
