import { describe, expect, it } from 'vitest';
import { lines, type NetEdge, type NetNode, rings } from '@/widgets/NetGraph';

const node = (id: string): NetNode => ({ id, label: id, device: true, home: true, risk: 0 });
const edge = (from: string, to: string, bytes: number): NetEdge => ({
  from,
  to,
  protocols: ['tls', 'http', 'dns'],
  bytes_out: bytes,
  bytes_in: 0,
});
const nodes = ['a', 'b', 'c', 'd'].map(node);
const edges = [edge('a', 'b', 1e9), edge('c', 'a', 1000), edge('b', 'd', 0), edge('a', 'gone', 5)];

describe('the picture of a neighbourhood', () => {
  it('draws only between nodes that are there, wider for more bytes', () => {
    const drawn = lines(nodes, edges);
    expect(drawn.map((l) => l.id)).toEqual(['a b', 'c a', 'b d']);
    expect(drawn.map((l) => Math.round(l.width))).toEqual([6, 3, 1]);
    expect(drawn[0]?.label).toBe('tls, http');
  });

  it('leaves out words where they would cover the picture', () => {
    const many = Array.from({ length: 60 }, () => edge('a', 'b', 1));
    expect(lines(nodes, many).every((l) => l.label === '')).toBe(true);
  });

  it('puts the middle into the middle, whoever talks to it around it, and the rest outside', () => {
    expect(Object.fromEntries(rings(nodes, edges, 'a'))).toEqual({ a: 3, b: 2, c: 2, d: 1 });
    const crowd = Array.from({ length: 100 }, (_, i) => node(`n${i}`));
    expect(new Set(rings(crowd, [], 'n0').values())).toEqual(new Set([3, 1, 0, -1]));
  });
});
