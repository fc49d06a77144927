import { Button, Menu } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';

interface Props {
  /** The API's address that gives the file. */
  path: string;
  /** What the list is filtered by; an array stands for several of a name. */
  query: Readonly<Record<string, unknown>>;
  formats: readonly ('csv' | 'json' | 'jsonl')[];
}

/** Offers what a list shows as a file, with the list's own filters. */
export function ExportMenu({ path, query, formats }: Props) {
  const { t } = useTranslation();
  const href = (format: string) => {
    const params = new URLSearchParams();
    for (const [k, v] of Object.entries(query))
      for (const each of Array.isArray(v) ? v : [v]) if (each !== undefined) params.append(k, String(each));
    params.set('format', format);
    return `${path}?${params}`;
  };
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />}>
          {t('export')}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {formats.map((f) => (
          <Menu.Item key={f} component="a" href={href(f)} download>
            {t(`format.${f}`)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
