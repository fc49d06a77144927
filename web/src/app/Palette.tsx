import { Modal, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import { api } from '@/api/client';
import { SeverityIcon, Tag } from '@/widgets/badges';
import { places } from './nav';
import css from './Palette.module.css';
import { hasPage } from './routes';
import { atLeast, useSession } from './session';

interface Hit {
  key: string;
  group: 'pages' | 'devices' | 'findings';
  to: string;
  label: ReactNode;
  note?: ReactNode;
}

/** Searches pages, devices and findings; opened with ctrl-k. */
export default function Palette({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { role } = useSession();
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const [text] = useDebouncedValue(typed.trim(), 180);
  const found = useQuery({
    queryKey: ['palette', text],
    enabled: text.length > 1,
    queryFn: ({ signal }) => search(text, signal),
  });

  const lower = typed.trim().toLowerCase();
  const pages: Hit[] = places
    .filter((p) => hasPage(p.name) && (!p.role || atLeast(role, p.role)))
    .map((p) => ({ p, label: t(`nav.${p.name}`) }))
    .filter(({ label }) => label.toLowerCase().includes(lower))
    .map(({ p, label }) => ({ key: p.name, group: 'pages', to: p.path, label, note: `g ${p.key}` }));
  const hits = [...(lower ? pages.slice(0, 4) : pages), ...(text === typed.trim() ? (found.data ?? []) : [])];
  const chosen = Math.min(at, hits.length - 1);
  const go = (hit: Hit | undefined) => {
    if (!hit) return;
    close();
    void navigate(hit.to);
  };

  return (
    <Modal
      opened
      onClose={close}
      withCloseButton={false}
      attributes={{ content: { 'aria-label': t('palette.label') } }}
      padding={0}
      size={600}
      yOffset="12vh"
      centered={false}
    >
      <TextInput
        data-autofocus
        size="md"
        variant="unstyled"
        classNames={{ input: css.input }}
        leftSection={<IconSearch size={17} aria-hidden />}
        leftSectionWidth={44}
        placeholder={t('palette.open')}
        aria-label={t('palette.label')}
        role="combobox"
        aria-expanded="true"
        aria-controls="palette-hits"
        aria-activedescendant={hits[chosen] ? `palette-${chosen}` : undefined}
        value={typed}
        maxLength={200}
        onChange={(e) => {
          setTyped(e.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={(e) => {
          if (e.key === 'ArrowDown') setAt(Math.min(hits.length - 1, chosen + 1));
          else if (e.key === 'ArrowUp') setAt(Math.max(0, chosen - 1));
          else if (e.key === 'Enter') go(hits[chosen]);
          else return;
          e.preventDefault();
        }}
      />
      <div className={css.hits} id="palette-hits" role="listbox" aria-label={t('palette.label')}>
        {hits.map((hit, i) => (
          <div key={`${hit.group} ${hit.key}`} role="presentation">
            {hits[i - 1]?.group !== hit.group && <div className={css.group}>{t(`palette.${hit.group}`)}</div>}
            <div
              id={`palette-${i}`}
              role="option"
              aria-selected={i === chosen}
              className={css.hit}
              ref={i === chosen ? (e) => e?.scrollIntoView({ block: 'nearest' }) : undefined}
              onMouseMove={() => setAt(i)}
              onClick={() => go(hit)}
            >
              <span className="truncate">{hit.label}</span>
              <span className={css.note}>{hit.note}</span>
            </div>
          </div>
        ))}
        {hits.length === 0 && !found.isFetching && (
          <p className={css.none}>
            {found.error ? t('palette.failed') : t('palette.none', { text: typed.trim() })}
          </p>
        )}
      </div>
    </Modal>
  );
}

async function search(q: string, signal: AbortSignal): Promise<Hit[]> {
  const [devices, findings] = await Promise.all([
    api.GET('/api/v1/devices', { params: { query: { q, limit: 6 } }, signal }),
    api.GET('/api/v1/findings', { params: { query: { q, limit: 6, sort: '-severity' } }, signal }),
  ]);
  return [
    ...(devices.data?.items ?? []).map(
      (d): Hit => ({
        key: d.id,
        group: 'devices',
        to: `/devices/${encodeURIComponent(d.id)}`,
        label: d.label,
        note: (
          <>
            <span className="mono">{d.ips[0] ?? d.mac}</span> <Tag>{d.type}</Tag>
          </>
        ),
      }),
    ),
    ...(findings.data?.items ?? []).map(
      (f): Hit => ({
        key: f.id,
        group: 'findings',
        to: `/findings/${encodeURIComponent(f.id)}`,
        label: (
          <>
            <SeverityIcon severity={f.severity} /> {f.title}
          </>
        ),
        note: f.device_label,
      }),
    ),
  ];
}
