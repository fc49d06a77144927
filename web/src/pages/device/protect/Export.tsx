import { Button, Group, Menu, Modal, Skeleton, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconChevronDown, IconDownload, IconFileOff } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import { formatBytes } from '@/lib/format';
import { ErrorState } from '@/widgets/ErrorState';
import { Inert } from '@/widgets/Inert';
import css from './protect.module.css';
import type { Protect } from './shapes';

const formats = [
  'mud',
  'nftables',
  'dnsmasq',
  'mosquitto',
  'emqx',
  'suricata',
  'edl',
  'edl-names',
  'edl-blocked',
  'guard',
] as const;
type Format = (typeof formats)[number];

/** Offers a profile in the formats of equipment; each says first what it cannot say. */
export function Export({ protect: p }: { protect: Protect }) {
  const { current: profile, document } = p;
  const { t } = useTranslation(['protect', 'common']);
  const [format, setFormat] = useState<Format>();
  const file = () => {
    const url = URL.createObjectURL(
      new Blob([JSON.stringify(document, null, 2)], { type: 'application/json' }),
    );
    const a = window.document.createElement('a');
    a.href = url;
    a.download = 'edgeward-proposal.json';
    a.click();
    URL.revokeObjectURL(url);
  };
  return (
    <>
      <Menu position="bottom-end" width={300}>
        <Menu.Target>
          <Button
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
            rightSection={<IconChevronDown size={14} aria-hidden />}
          >
            {t('common:export')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t(profile ? 'export.saved' : 'export.first')}</Menu.Label>
          {formats.map((f) => (
            <Menu.Item key={f} disabled={!profile} onClick={() => setFormat(f)}>
              {t(`export.format.${f}`)}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Label>{t('export.file')}</Menu.Label>
          {profile && (
            <Menu.Item
              component="a"
              href={`/api/v1/profiles/${encodeURIComponent(profile.id)}/document?format=yaml`}
              download
            >
              {t('export.savedFile')}
            </Menu.Item>
          )}
          <Menu.Item disabled={!document} onClick={file}>
            {t('export.proposalFile')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {format && profile && (
        <Limits format={format} id={profile.id} mud={p.device.mud_url} close={() => setFormat(undefined)} />
      )}
    </>
  );
}

/** What is lost on the way, before anything is downloaded. */
function Limits({
  format,
  id,
  mud,
  close,
}: {
  format: Format;
  id: string;
  mud: string | undefined;
  close: () => void;
}) {
  const { t, i18n } = useTranslation(['protect', 'common']);
  // A usage description names the address under which it is published.
  const [typed, setTyped] = useState(mud ?? '');
  const [url] = useDebouncedValue(typed, 300);
  const waits = format === 'mud' && !/^https:\/\/[^/\s]+\/\S+$/.test(url);
  const query = { to: format, id: [id], ...(format === 'mud' && { mud_url: url }) };
  const { data, error } = hub.useQuery(
    'get',
    '/api/v1/profiles/export/limits',
    { params: { query } },
    { enabled: !waits, retry: false },
  );
  const href = `/api/v1/profiles/export?${new URLSearchParams({ ...query, id })}`;
  return (
    <Modal opened onClose={close} size="lg" title={t(`export.format.${format}`)}>
      {format === 'mud' && (
        <TextInput
          data-autofocus
          mb="sm"
          type="url"
          label={t('export.url')}
          description={t('export.urlHint')}
          placeholder="https://mud.example.org/device.json"
          maxLength={255}
          value={typed}
          onChange={(e) => setTyped(e.currentTarget.value)}
        />
      )}
      {waits ? null : error ? (
        <ErrorState error={error} />
      ) : !data ? (
        <Skeleton height={160} />
      ) : (
        <>
          <p className={css.lead}>
            {data.limits.length === 0 ? t('export.all') : t('export.limits', { count: data.limits.length })}
          </p>
          {data.limits.length > 0 && (
            <ul className={css.limits}>
              {data.limits.slice(0, 200).map((l, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: limits have no other name
                <li key={i}>
                  <IconFileOff size={15} aria-hidden />
                  <span>
                    <b>
                      <Inert value={l.what} />
                    </b>{' '}
                    <span className="dim">
                      <Inert value={l.why} limit={300} />
                    </span>
                  </span>
                </li>
              ))}
            </ul>
          )}
        </>
      )}
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={close}>
          {t('common:cancel')}
        </Button>
        <Button
          component="a"
          href={href}
          download
          data-disabled={waits || !data || undefined}
          aria-disabled={waits || !data || undefined}
          onClick={(e) => (waits || !data) && e.preventDefault()}
          leftSection={<IconDownload size={16} aria-hidden />}
        >
          {t('export.download', { size: formatBytes(data?.bytes, i18n.language) })}
        </Button>
      </Group>
    </Modal>
  );
}
