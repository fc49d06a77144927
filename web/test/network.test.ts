import { expect, it } from 'vitest';
import { isNetwork } from '@/pages/settings/network';

it.each(['10.0.0.0/8', '192.168.1.7', '2001:db8::/32', '::1/128', 'fe80::1:2', '1:2:3:4:5:6:7:8'])(
  '%s is a network',
  (s) => {
    expect(isNetwork(s)).toBe(true);
  },
);

it.each([
  '',
  '10.0.0.0/33',
  '256.1.1.1',
  '10.0.0',
  '1::2::3',
  '1:2:3',
  'plant',
  '10.0.0.0/8/8',
  '2001:db8::/129',
  '12345::/16',
])('%s is none', (s) => {
  expect(isNetwork(s)).toBe(false);
});
