import { Alert, Button, FileInput, Group, Modal, Select, Stack, Textarea } from '@mantine/core';
import { IconFile } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '@/api/client';
import type { Import } from '@/api/types';
import { Tag } from '@/widgets/badges';
import { say, sayError } from '@/widgets/confirm';
import { Fields } from '@/widgets/Fields';
import { deviceHref } from './columns';
import css from './devices.module.css';
import { refreshDevices } from './edit';

const formats = ['cmdb', 'dhcp', 'arp', 'mac'] as const;
type Format = (typeof formats)[number];
const maxBytes = 16 << 20;

/** Reads names and owners from a list that people have elsewhere: choose, look at what would change, do it. */
export default function ImportWizard({ close }: { close: () => void }) {
  const { t } = useTranslation(['devices', 'common']);
  const [format, setFormat] = useState<Format>('cmdb');
  const [content, setContent] = useState('');
  const [preview, setPreview] = useState<Import>();
  const [busy, setBusy] = useState(false);

  const send = async (dry: boolean) => {
    setBusy(true);
    try {
      const { data } = await api.POST('/api/v1/devices/import', {
        params: { query: { format, dry_run: dry } },
        body: content,
        bodySerializer: (b: unknown) => String(b),
        headers: { 'Content-Type': 'text/plain' },
      });
      if (dry) setPreview(data);
      else {
        say(t('import.done', { count: data?.changed ?? 0 }));
        refreshDevices();
        close();
      }
    } catch (e) {
      sayError(e);
    } finally {
      setBusy(false);
    }
  };
  const read = async (file: File | null) => {
    setPreview(undefined);
    if (!file) setContent('');
    else if (file.size > maxBytes) sayError(new Error(t('import.tooLarge')));
    else setContent(await file.text());
  };

  return (
    <Modal opened onClose={close} title={t('import.title')} size="xl">
      <Stack gap="sm">
        <Fields>
          <Select
            data-autofocus
            label={t('import.format')}
            description={t(`import.formats.${format}Hint`)}
            allowDeselect={false}
            data={formats.map((f) => ({ value: f, label: t(`import.formats.${f}`) }))}
            value={format}
            onChange={(v) => {
              setFormat(formats.find((f) => f === v) ?? 'cmdb');
              setPreview(undefined);
            }}
          />
          <FileInput
            label={t('import.file')}
            description={t('import.fileHint')}
            placeholder={t('import.choose')}
            leftSection={<IconFile size={15} aria-hidden />}
            accept=".csv,.txt,.leases,.json,text/*"
            clearable
            onChange={(f) => void read(f)}
          />
        </Fields>
        {!preview && (
          <Textarea
            label={t('import.text')}
            minRows={6}
            maxRows={12}
            classNames={{ input: 'mono' }}
            spellCheck={false}
            value={content}
            onChange={(e) => setContent(e.currentTarget.value)}
          />
        )}
        {preview && <PreviewTable preview={preview} />}
        <Group justify="flex-end" gap="xs">
          {preview && (
            <Button variant="default" onClick={() => setPreview(undefined)}>
              {t('import.back')}
            </Button>
          )}
          {preview ? (
            <Button loading={busy} disabled={preview.changed === 0} onClick={() => void send(false)}>
              {t('import.apply', { count: preview.changed })}
            </Button>
          ) : (
            <Button loading={busy} disabled={!content.trim()} onClick={() => void send(true)}>
              {t('import.preview')}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}

function PreviewTable({ preview }: { preview: Import }) {
  const { t } = useTranslation(['devices', 'common']);
  const rows = preview.rows.filter((r) => Object.keys(r.changes).length > 0 || !r.device);
  return (
    <div>
      <Group gap="xs">
        <Tag tone="good">{t('import.changes', { count: preview.changed })}</Tag>
        <Tag>{t('import.read', { count: preview.read })}</Tag>
        {preview.skipped > 0 && <Tag tone="warn">{t('import.skipped', { count: preview.skipped })}</Tag>}
      </Group>
      {preview.errors.length > 0 && (
        <Alert color="yellow" mt="sm" title={t('import.errors')}>
          {preview.errors.slice(0, 8).map((e) => (
            <div key={e} className="mono">
              {e}
            </div>
          ))}
        </Alert>
      )}
      <section className={css.preview} tabIndex={0} aria-label={t('import.preview')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('import.line')}</th>
              <th scope="col">{t('import.address')}</th>
              <th scope="col">{t('column.label')}</th>
              <th scope="col">{t('import.becomes')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, 200).map((r) => (
              <tr key={r.line}>
                <td className="num">{r.line}</td>
                <td className="mono">{r.key}</td>
                <td>
                  {r.device ? (
                    <Link to={deviceHref(r.device)} target="_blank">
                      {r.label}
                    </Link>
                  ) : (
                    <span className="dim">{t('import.noDevice')}</span>
                  )}
                </td>
                <td>
                  {Object.entries(r.changes).map(([k, v]) => (
                    <div key={k}>
                      <span className="dim">{t(`column.${k}`, { defaultValue: k })}:</span> {v}
                    </div>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}
