import { describe, expect, it } from 'vitest';
import { drain, losses, mark } from '@/pages/sensors/health';

describe('loss of a sensor', () => {
  it('leaves out zeros and puts the grave first', () => {
    expect(
      losses({ duplicates: 4, kernel_drops: 2, gaps: 0, tomorrow: 1 }).map((l) => [l.name, l.grave, l.known]),
    ).toEqual([
      ['kernel_drops', true, true],
      ['duplicates', false, true],
      ['tomorrow', false, false],
    ]);
    expect(losses(undefined)).toEqual([]);
  });
});

describe('a backlog', () => {
  it('drains at the rate of the last minute', () => {
    let marks = mark([], { at: 0, backlog: 1000 });
    marks = mark(marks, { at: 10_000, backlog: 500 });
    expect(drain(marks)).toEqual({ rate: 50, left: 10 });
    expect(mark(marks, { at: 65_000, backlog: 1 })).toHaveLength(2);
  });

  it('promises nothing while it grows or was just seen', () => {
    expect(drain([{ at: 0, backlog: 1 }])).toBeUndefined();
    expect(
      drain([
        { at: 0, backlog: 1 },
        { at: 9000, backlog: 5 },
      ]),
    ).toBeUndefined();
    expect(
      drain([
        { at: 0, backlog: 9 },
        { at: 1000, backlog: 5 },
      ]),
    ).toBeUndefined();
  });
});
