import { ActionIcon, Button, Group, TagsInput, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { api } from '@/api/client';
import { useChange } from '@/widgets/change';
import { EmptyState } from '@/widgets/EmptyState';
import { Fields } from '@/widgets/Fields';
import { Panel } from '@/widgets/Panel';
import { isNetwork } from './network';
import css from './settings.module.css';
import { type SettingsDocument, settingsPaths, WithSettings } from './useSettings';

type Site = SettingsDocument['sites'][number];

/** What is home, and which sites there are. */
export function Networks() {
  return (
    <WithSettings>
      {(s) => (
        <>
          <Home networks={s.home.networks} />
          <Sites sites={s.sites} />
        </>
      )}
    </WithSettings>
  );
}

function Home({ networks }: { networks: string[] }) {
  const { t } = useTranslation('settings');
  const [typed, setTyped] = useState(networks.join('\n'));
  const [change, busy] = useChange();
  const wanted = typed.split(/[\s,;]+/).filter(Boolean);
  const wrong = wanted.filter((n) => !isNetwork(n));
  const put = (list: string[]) => api.PUT('/api/v1/settings/home', { body: { networks: list } });
  return (
    <Panel title={t('home.title')}>
      <form
        className={css.form}
        onSubmit={(e) => {
          e.preventDefault();
          void change(() => put(wanted), {
            paths: settingsPaths,
            undo: () => put(networks).then(() => setTyped(networks.join('\n'))),
          });
        }}
      >
        <p className="dim">{t('home.what')}</p>
        <Textarea
          label={t('home.label')}
          placeholder={'203.0.113.0/24\n2001:db8:7::/48'}
          value={typed}
          minRows={3}
          maxRows={12}
          spellCheck={false}
          error={wrong.length > 0 && t('home.wrong', { list: wrong.slice(0, 3).join(', ') })}
          onChange={(e) => setTyped(e.currentTarget.value)}
        />
        <Group>
          <Button
            type="submit"
            loading={busy}
            disabled={wrong.length > 0 || wanted.join() === networks.join()}
          >
            {t('common:save')}
          </Button>
        </Group>
      </form>
    </Panel>
  );
}

function Sites({ sites }: { sites: Site[] }) {
  const { t } = useTranslation('settings');
  const [rows, setRows] = useState(() => sites.map((site, id) => ({ id, site })));
  const [change, busy] = useChange();
  const wanted = rows.map((r) => r.site);
  const put = (list: Site[]) => api.PUT('/api/v1/settings/sites', { body: { sites: list } });
  const edit = (id: number, part: Partial<Site>) =>
    setRows(rows.map((r) => (r.id === id ? { ...r, site: { ...r.site, ...part } } : r)));
  const names = wanted.map((s) => s.name.trim());
  const valid =
    names.every(Boolean) &&
    new Set(names).size === names.length &&
    wanted.every((s) => (s.networks ?? []).every(isNetwork));
  const add = () =>
    setRows([
      ...rows,
      { id: Math.max(-1, ...rows.map((r) => r.id)) + 1, site: { name: '', description: '', networks: [] } },
    ]);
  return (
    <Panel
      title={t('sites.title')}
      aside={
        <Button size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden />} onClick={add}>
          {t('sites.add')}
        </Button>
      }
    >
      {rows.length === 0 && sites.length === 0 ? (
        <EmptyState title={t('sites.none')} hint={t('sites.hint')} />
      ) : (
        <form
          className={css.form}
          style={{ maxWidth: 'none' }}
          onSubmit={(e) => {
            e.preventDefault();
            void change(() => put(wanted), {
              paths: settingsPaths,
              undo: () => put(sites).then(() => setRows(sites.map((site, id) => ({ id, site })))),
            });
          }}
        >
          {rows.map(({ id, site }) => (
            <Group key={id} align="flex-start" gap="sm" wrap="nowrap">
              <div className={css.wide}>
                <Fields>
                  <TextInput
                    label={t('sites.name')}
                    value={site.name}
                    maxLength={100}
                    required
                    onChange={(e) => edit(id, { name: e.currentTarget.value })}
                  />
                  <TextInput
                    label={t('sites.description')}
                    value={site.description ?? ''}
                    maxLength={1000}
                    onChange={(e) => edit(id, { description: e.currentTarget.value })}
                  />
                  <TagsInput
                    label={t('sites.networks')}
                    placeholder="10.20.0.0/16"
                    value={site.networks ?? []}
                    error={(site.networks ?? []).some((n) => !isNetwork(n)) && t('sites.wrong')}
                    onChange={(networks) => edit(id, { networks })}
                  />
                </Fields>
              </div>
              <ActionIcon
                mt={22}
                size="lg"
                aria-label={t('parts:list.remove', { what: site.name })}
                onClick={() => setRows(rows.filter((r) => r.id !== id))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </Group>
          ))}
          <Group justify="space-between">
            <Button
              type="submit"
              loading={busy}
              disabled={!valid || JSON.stringify(wanted) === JSON.stringify(sites)}
            >
              {t('common:save')}
            </Button>
            <Link to="/zones?edit=1">{t('sites.zones')}</Link>
          </Group>
        </form>
      )}
    </Panel>
  );
}
