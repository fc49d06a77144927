import { ActionIcon, Button, Checkbox, Group, Menu, Modal, Stack, TextInput } from '@mantine/core';
import { IconBookmark, IconChevronDown, IconTrash, IconUsers } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import type { components } from '@/api/schema';
import { useCan, useSession } from '@/app/session';
import { inert } from '@/lib/inert';
import { useChange } from '@/widgets/change';
import css from './hunt.module.css';

type SavedQuery = components['schemas']['SavedQuery'];
const paths = ['/api/v1/queries'];

interface Props {
  text: string;
  span: string;
  columns: string[];
  use: (q: SavedQuery) => void;
}

/** Queries with a name: one's own and those that others share. */
export function Saved({ text, span, columns, use }: Props) {
  const { t } = useTranslation('hunt');
  const analyst = useCan('analyst');
  const me = useSession();
  const { data } = hub.useQuery('get', '/api/v1/queries');
  const [naming, setNaming] = useState(false);
  const [change] = useChange();
  const items = data?.items ?? [];
  const mine = items.filter((q) => q.author === me.name);
  const shared = items.filter((q) => q.author !== me.name);
  const remove = (q: SavedQuery) => {
    const { id, author, updated, ...body } = q;
    return change(() => api.DELETE('/api/v1/queries/{id}', { params: { path: { id } } }), {
      paths,
      message: t('saved.deleted', { name: q.name }),
      undo: () => api.POST('/api/v1/queries', { body }),
    });
  };
  return (
    <>
      <Menu position="bottom-end" width={320}>
        <Menu.Target>
          <Button
            variant="default"
            leftSection={<IconBookmark size={15} aria-hidden />}
            rightSection={<IconChevronDown size={14} aria-hidden />}
          >
            {t('saved.title')}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {items.length === 0 && <Menu.Label>{t('saved.none')}</Menu.Label>}
          {mine.length > 0 && <Menu.Label>{t('saved.mine')}</Menu.Label>}
          {mine.map((q) => (
            <Group key={q.id} gap={0} wrap="nowrap">
              <Menu.Item
                className={css.saved}
                onClick={() => use(q)}
                rightSection={q.shared && <IconUsers size={14} aria-label={t('saved.isShared')} />}
              >
                {inert(q.name, 60)}
              </Menu.Item>
              {analyst && (
                <ActionIcon
                  aria-label={t('parts:list.remove', { what: inert(q.name, 60) })}
                  onClick={() => void remove(q)}
                >
                  <IconTrash size={15} />
                </ActionIcon>
              )}
            </Group>
          ))}
          {shared.length > 0 && <Menu.Label>{t('saved.shared')}</Menu.Label>}
          {shared.map((q) => (
            <Menu.Item key={q.id} onClick={() => use(q)}>
              {inert(q.name, 60)} <span className="dim">{inert(q.author, 40)}</span>
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item disabled={!analyst} onClick={() => setNaming(true)}>
            {t(analyst ? 'saved.save' : 'saved.needsAnalyst')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {naming && <NameIt body={{ text, span, columns }} close={() => setNaming(false)} />}
    </>
  );
}

function NameIt({
  body,
  close,
}: {
  body: { text: string; span: string; columns: string[] };
  close: () => void;
}) {
  const { t } = useTranslation('hunt');
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const [change, busy] = useChange();
  return (
    <Modal
      opened
      onClose={close}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      title={t('saved.save')}
    >
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void change(() => api.POST('/api/v1/queries', { body: { ...body, name: name.trim(), shared } }), {
            paths,
          }).then((good) => good && close());
        }}
      >
        <Stack gap="sm">
          <TextInput
            label={t('saved.name')}
            value={name}
            maxLength={100}
            required
            onChange={(e) => setName(e.currentTarget.value)}
            data-autofocus
          />
          <p className="mono">{body.text || t('saved.everything')}</p>
          <Checkbox
            label={t('saved.share')}
            checked={shared}
            onChange={(e) => setShared(e.currentTarget.checked)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              {t('common:cancel')}
            </Button>
            <Button type="submit" loading={busy} disabled={!name.trim()}>
              {t('common:save')}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
