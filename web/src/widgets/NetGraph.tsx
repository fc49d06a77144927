// A graph of who talks to whom, drawn by Cytoscape. It is large: import it
// lazily, and give the same content as a table beside it.
import { useMantineColorScheme } from '@mantine/core';
import cytoscape, { type LayoutOptions } from 'cytoscape';
import { useEffect, useRef } from 'react';
import { standInStyle } from './standInStyle';

export interface NetNode {
  id: string;
  label: string;
  /** A device; others are addresses outside. */
  device: boolean;
  home: boolean;
  risk: number;
  /** The middle of the neighbourhood. */
  center?: boolean;
}

export interface NetEdge {
  from: string;
  to: string;
  label: string;
  /** Bytes: the more, the thicker. */
  weight: number;
}

interface Props {
  label: string;
  nodes: readonly NetNode[];
  edges: readonly NetEdge[];
  height?: number;
  /** A node was chosen. */
  onOpen?(node: NetNode): void;
}

function variable(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The width of a line for bytes, 1 to 7 pixels, by orders of magnitude. */
export function lineWidth(bytes: number): number {
  return Math.min(7, Math.max(1, Math.log10(Math.max(1, bytes)) - 1.5));
}

/** Rings around the middle when there is one; otherwise what repels and pulls. */
function layoutOf(nodes: readonly NetNode[], edges: readonly NetEdge[]): LayoutOptions {
  const center = nodes.find((n) => n.center);
  if (!center)
    return nodes.length > 200
      ? { name: 'concentric', animate: false, minNodeSpacing: 40 }
      : { name: 'cose', animate: false, randomize: false, nodeRepulsion: () => 12_000, padding: 24 };
  const near = new Set(
    edges.flatMap((e) => (e.from === center.id ? [e.to] : e.to === center.id ? [e.from] : [])),
  );
  return {
    name: 'concentric',
    animate: false,
    padding: 28,
    minNodeSpacing: 46,
    concentric: (n: { id(): string }) => (n.id() === center.id ? 3 : near.has(n.id()) ? 2 : 1),
    levelWidth: () => 1,
  } as LayoutOptions;
}

export default function NetGraph({ label, nodes, edges, height = 440, onOpen }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { colorScheme } = useMantineColorScheme();
  const open = useRef(onOpen);
  open.current = onOpen;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme changes what the variables hold
  useEffect(() => {
    if (!box.current) return;
    standInStyle();
    const known = new Set(nodes.map((n) => n.id));
    const ink = variable('--ink');
    const cy = cytoscape({
      container: box.current,
      elements: [
        ...nodes.map((n) => ({ data: { ...n, shape: n.device ? 'round-rectangle' : 'ellipse' } })),
        ...edges
          .filter((e) => known.has(e.from) && known.has(e.to))
          .map((e, i) => ({
            data: { id: `e${i}`, source: e.from, target: e.to, label: e.label, width: lineWidth(e.weight) },
          })),
      ],
      style: [
        {
          selector: 'node',
          style: {
            label: 'data(label)',
            shape: 'data(shape)' as never,
            width: 22,
            height: 22,
            'background-color': variable('--accent'),
            'border-width': 2,
            'border-color': variable('--surface'),
            color: ink,
            'font-size': 11,
            'text-valign': 'bottom',
            'text-margin-y': 5,
            'text-max-width': '120px',
            'text-wrap': 'ellipsis',
          },
        },
        { selector: 'node[!home]', style: { 'background-color': variable('--ink-3') } },
        {
          selector: 'node[risk >= 60]',
          style: { 'border-color': variable('--sev-critical'), 'border-width': 3 },
        },
        { selector: 'node[?center]', style: { width: 34, height: 34, 'font-weight': 'bold' } },
        {
          selector: 'edge',
          style: {
            label: 'data(label)',
            width: 'data(width)' as never,
            'line-color': variable('--line-strong'),
            'curve-style': 'bezier',
            'font-size': 9,
            color: variable('--ink-3'),
            'text-rotation': 'autorotate',
            'text-background-color': variable('--surface'),
            'text-background-opacity': 0.9,
            'text-background-padding': '2px',
            'min-zoomed-font-size': 8,
          },
        },
      ],
      layout: layoutOf(nodes, edges),
      minZoom: 0.2,
      maxZoom: 2.5,
    });
    cy.on('tap', 'node', (e) => {
      const node = nodes.find((n) => n.id === e.target.id());
      if (node) open.current?.(node);
    });
    return () => cy.destroy();
  }, [nodes, edges, colorScheme]);

  return (
    <div
      ref={box}
      role="img"
      aria-label={label}
      style={{ height, position: 'relative', overflow: 'hidden' }}
    />
  );
}
