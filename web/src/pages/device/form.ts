// What a person may set of a device, as a form holds it.
import type { DeviceDetail, DevicePatch } from '@/api/types';

export const levels = ['low', 'normal', 'high', 'critical'] as const;
export const safeties = ['life-supporting', 'safety-instrumented', 'emergency-call'] as const;

export interface Form {
  label: string;
  type: string;
  vendor: string;
  model: string;
  zone: string;
  owner: string;
  location: string;
  note: string;
  criticality: '' | (typeof levels)[number];
  safety: '' | (typeof safeties)[number];
  tags: string[];
  trusted: boolean;
}

type Set = DeviceDetail['set'];

export function formOf(set: Set): Form {
  return {
    label: set.label ?? '',
    type: set.type ?? '',
    vendor: set.vendor ?? '',
    model: set.model ?? '',
    zone: set.zone ?? '',
    owner: set.owner ?? '',
    location: set.location ?? '',
    note: set.note ?? '',
    criticality: levels.find((l) => l === set.criticality) ?? '',
    safety: safeties.find((s) => s === set.safety) ?? '',
    tags: set.tags ?? [],
    trusted: set.trusted ?? false,
  };
}

/** Only what differs from what was set, so that two people do not undo each other's changes. */
export function changesOf(form: Form, set: Set): DevicePatch {
  const before = formOf(set);
  const out: Record<string, unknown> = {};
  for (const name of Object.keys(form) as (keyof Form)[]) {
    const value = typeof form[name] === 'string' ? form[name].trim() : form[name];
    if (JSON.stringify(value) !== JSON.stringify(before[name])) out[name] = value;
  }
  return out as DevicePatch;
}
