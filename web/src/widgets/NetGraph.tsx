// A picture of who talks to whom, drawn by Cytoscape. It is large: import it
// lazily, and give the same content as a table beside it.
import { useComputedColorScheme } from '@mantine/core';
import cytoscape, { type LayoutOptions } from 'cytoscape';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { inert } from '@/lib/inert';
import css from './NetGraph.module.css';
import { standInStyle } from './standInStyle';

export interface NetNode {
  id: string;
  label: string;
  /** A device; others are addresses. */
  device: boolean;
  /** Inside, though nobody knows its device. */
  home: boolean;
  risk: number;
}

export interface NetEdge {
  from: string;
  to: string;
  protocols: readonly string[];
  bytes_out: number;
  bytes_in: number;
}

interface Props {
  nodes: readonly NetNode[];
  edges: readonly NetEdge[];
  /** The id of the node in the middle. */
  middle: string;
  /** A device other than the middle was chosen. */
  onOpen(device: string): void;
}

/** From which risk a node is marked. */
const risky = 60;

/** With more edges than this their words would cover the picture. */
const mostWords = 40;

/** Edges in the way they are drawn: those between nodes that are there, 1 to 6 pixels wide by orders of magnitude. */
export function lines(nodes: readonly NetNode[], edges: readonly NetEdge[]) {
  const known = new Set(nodes.map((n) => n.id));
  const most = Math.max(1, ...edges.map((e) => e.bytes_out + e.bytes_in));
  return edges
    .filter((e) => known.has(e.from) && known.has(e.to))
    .map((e) => ({
      id: `${e.from} ${e.to}`,
      source: e.from,
      target: e.to,
      label: edges.length <= mostWords ? e.protocols.slice(0, 2).join(', ') : '',
      width: 1 + (5 * Math.log1p(e.bytes_out + e.bytes_in)) / Math.log1p(most),
    }));
}

/** How many nodes of the second step are on one ring. */
const perRing = 48;

/** The ring of each node, larger further in: the middle, who talks to it, then their peers on as many as they need. */
export function rings(
  nodes: readonly NetNode[],
  edges: readonly NetEdge[],
  middle: string,
): Map<string, number> {
  const near = new Set(edges.flatMap((e) => (e.from === middle ? [e.to] : e.to === middle ? [e.from] : [])));
  let far = 0;
  return new Map(
    nodes.map((n) => [n.id, n.id === middle ? 3 : near.has(n.id) ? 2 : 1 - Math.floor(far++ / perRing)]),
  );
}

function layoutOf(nodes: readonly NetNode[], edges: readonly NetEdge[], middle: string): LayoutOptions {
  const ring = rings(nodes, edges, middle);
  return {
    name: 'concentric',
    animate: false,
    padding: 28,
    minNodeSpacing: nodes.length > 60 ? 22 : 44,
    concentric: (n) => ring.get(n.id()) ?? 1,
    levelWidth: () => 1,
  };
}

function style(): cytoscape.StylesheetJson {
  const values = getComputedStyle(document.documentElement);
  const color = (name: string) => values.getPropertyValue(name).trim();
  const outlined = { 'text-outline-color': color('--surface'), 'text-outline-width': 2 };
  return [
    {
      selector: 'node',
      style: {
        label: 'data(label)',
        'font-size': 10,
        'min-zoomed-font-size': 5,
        'font-family': 'system-ui, sans-serif',
        color: color('--ink'),
        ...outlined,
        'text-valign': 'bottom',
        'text-margin-y': 4,
        width: 20,
        height: 20,
        'background-color': color('--ink-3'),
        'border-width': 2,
        'border-color': color('--surface'),
      },
    },
    { selector: '.device', style: { 'background-color': color('--accent') } },
    { selector: '.home', style: { 'background-color': color('--sev-low'), shape: 'round-rectangle' } },
    { selector: '.outside', style: { shape: 'diamond' } },
    { selector: '.risk', style: { 'border-color': color('--sev-critical'), 'border-width': 4 } },
    { selector: '.middle', style: { width: 34, height: 34, 'font-size': 12, 'font-weight': 'bold' } },
    {
      selector: 'edge',
      style: {
        width: 'data(width)',
        'line-color': color('--line-strong'),
        'curve-style': 'straight',
        label: 'data(label)',
        'font-size': 8,
        'min-zoomed-font-size': 7,
        color: color('--ink-3'),
        ...outlined,
      },
    },
  ];
}

/** What shapes and colours mean, by the classes of the picture. */
const kinds = ['device', 'home', 'outside', 'risk'] as const;

function classesOf(n: NetNode, middle: string): string {
  const kind = n.device ? 'device' : n.home ? 'home' : 'outside';
  return [kind, n.id === middle ? 'middle' : '', n.risk >= risky ? 'risk' : ''].join(' ');
}

export default function NetGraph({ nodes, edges, middle, onOpen }: Props) {
  const { t } = useTranslation('graph');
  const box = useRef<HTMLDivElement>(null);
  const scheme = useComputedColorScheme('light');
  const open = useRef(onOpen);
  open.current = onOpen;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme changes what the variables hold
  useEffect(() => {
    if (!box.current) return;
    standInStyle();
    const picture = cytoscape({
      container: box.current,
      elements: [
        ...nodes.map((n) => ({
          data: { id: n.id, label: inert(n.label, 26) },
          classes: classesOf(n, middle),
        })),
        ...lines(nodes, edges).map((data) => ({ data })),
      ],
      style: style(),
      layout: layoutOf(nodes, edges, middle),
      minZoom: 0.1,
      maxZoom: 3,
      // A page that scrolls must not zoom the picture by accident.
      userZoomingEnabled: false,
    });
    picture.on('tap', 'node.device', (e) => {
      if (e.target.id() !== middle) open.current(e.target.id());
    });
    return () => picture.destroy();
  }, [nodes, edges, middle, scheme]);

  return (
    <>
      <div
        ref={box}
        className={css.canvas}
        role="img"
        aria-label={t('picture', { nodes: nodes.length, edges: edges.length })}
      />
      <p className={css.legend}>
        {kinds.map((k) => (
          <span key={k} data-kind={k}>
            {t(`legend.${k}`)}
          </span>
        ))}
      </p>
    </>
  );
}
