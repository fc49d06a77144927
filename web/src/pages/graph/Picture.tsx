// The drawing part of the graph, in a chunk of its own with Cytoscape.
import { useComputedColorScheme } from '@mantine/core';
import cytoscape from 'cytoscape';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import type { components } from '@/api/schema';
import { inert } from '@/lib/inert';
import { standInStyle } from '../../widgets/standInStyle';
import css from './graph.module.css';

interface Props {
  nodes: components['schemas']['GraphNode'][];
  edges: components['schemas']['GraphEdge'][];
  middle: string;
}

export default function Picture({ nodes, edges, middle }: Props) {
  const { t } = useTranslation('graph');
  const colorScheme = useComputedColorScheme('light');
  const box = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();

  // biome-ignore lint/correctness/useExhaustiveDependencies: the scheme changes what the variables hold
  useEffect(() => {
    if (!box.current) return;
    const style = getComputedStyle(document.documentElement);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const most = Math.max(1, ...edges.map((e) => e.bytes_out + e.bytes_in));
    const known = new Set(nodes.map((n) => n.id));
    standInStyle();
    const graph = cytoscape({
      container: box.current,
      elements: [
        ...nodes.map((n) => ({
          data: { id: n.id, label: inert(n.label, 26), device: n.device },
          classes: [
            n.id === middle ? 'middle' : '',
            n.device ? 'device' : n.home ? 'home' : 'outside',
            n.risk >= 60 ? 'risk' : '',
          ].join(' '),
        })),
        ...edges
          .filter((e) => known.has(e.from) && known.has(e.to))
          .map((e) => ({
            data: {
              id: `${e.from} ${e.to}`,
              source: e.from,
              target: e.to,
              label: e.protocols.slice(0, 2).join(', '),
              width: 1 + (5 * Math.log1p(e.bytes_out + e.bytes_in)) / Math.log1p(most),
            },
          })),
      ],
      style: [
        {
          selector: 'node',
          style: {
            label: 'data(label)',
            'font-size': 10,
            'font-family': 'system-ui, sans-serif',
            color: color('--ink'),
            'text-outline-color': color('--surface'),
            'text-outline-width': 2,
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
            label: edges.length <= 40 ? 'data(label)' : '',
            'font-size': 8,
            color: color('--ink-3'),
            'text-outline-color': color('--surface'),
            'text-outline-width': 2,
          },
        },
      ],
      layout: {
        name: 'concentric',
        concentric: (n) => (n.id() === middle ? 3 : n.data('device') ? 2 : 1),
        levelWidth: () => 1,
        minNodeSpacing: 26,
        animate: false,
      },
      minZoom: 0.2,
      maxZoom: 3,
      // A page that scrolls must not zoom the picture by accident.
      userZoomingEnabled: false,
    });
    graph.on(
      'tap',
      'node.device',
      (e) => void navigate(`/devices/${encodeURIComponent(e.target.id())}/graph`),
    );
    return () => graph.destroy();
  }, [nodes, edges, middle, colorScheme, navigate]);

  return (
    <div
      ref={box}
      className={css.canvas}
      role="img"
      aria-label={t('picture', { nodes: nodes.length, edges: edges.length })}
    />
  );
}
