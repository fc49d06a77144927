import { Button, Skeleton, Tooltip } from '@mantine/core';
import { IconArrowBackUp, IconTrash } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import { useCan } from '@/app/session';
import { Tag } from '@/widgets/badges';
import { useChange } from '@/widgets/change';
import { useConfirm } from '@/widgets/confirm';
import { ErrorState } from '@/widgets/ErrorState';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { Time } from '@/widgets/values';
import css from './protect.module.css';
import { type Mode, type Profile, paths, type Revision } from './shapes';

/** The profile that the device has: its mode, and all that it was. */
export function Saved({ profile: p, enforcing }: { profile: Profile; enforcing: boolean }) {
  const { t } = useTranslation(['protect', 'common']);
  const can = useCan('operator') && p.origin !== 'file';
  const confirm = useConfirm();
  const [change, busy] = useChange();
  const { data, error } = hub.useQuery('get', '/api/v1/profiles/{id}/revisions', {
    params: { path: { id: p.id } },
  });
  const path = { id: p.id };
  const rollback = (revision: number) =>
    api.POST('/api/v1/profiles/{id}/rollback', { params: { path }, body: { revision } });
  const set = (mode: Mode) =>
    void change(
      () => api.PATCH('/api/v1/profiles/{id}', { params: { path }, body: { revision: p.revision, mode } }),
      {
        paths,
        message: t(`save.done.${mode}`),
        undo: () => rollback(p.revision),
      },
    );
  const drop = async () => {
    const sure = await confirm({
      title: t('saved.dropTitle'),
      body: t('saved.dropBody'),
      action: t('common:delete'),
      danger: true,
    });
    if (sure)
      void change(() => api.DELETE('/api/v1/profiles/{id}', { params: { path } }), {
        paths,
        message: t('saved.dropped'),
      });
  };
  return (
    <Panel
      title={
        <>
          {t('saved.title')} <ModeTag mode={p.mode} /> <Tag>{t('saved.revision', { n: p.revision })}</Tag>
          {p.origin === 'file' && <Tag tone="warn">{t('saved.file')}</Tag>}
        </>
      }
      aside={
        can && (
          <span className={css.links}>
            {(['observe', 'warn', 'enforce'] as const)
              .filter((m) => m !== p.mode)
              .map((m) => {
                const no = m === 'enforce' && !enforcing;
                return (
                  <Tooltip
                    key={m}
                    label={no ? t('save.noEnforcing') : t(`save.what.${m}`)}
                    multiline
                    maw={300}
                  >
                    <Button
                      size="compact-sm"
                      variant="default"
                      loading={busy}
                      data-disabled={no || undefined}
                      aria-disabled={no || undefined}
                      onClick={() => !no && set(m)}
                    >
                      {t(`saved.to.${m}`)}
                    </Button>
                  </Tooltip>
                );
              })}
            <Button
              size="compact-sm"
              variant="subtle"
              color="red"
              leftSection={<IconTrash size={14} aria-hidden />}
              onClick={() => void drop()}
            >
              {t('common:delete')}
            </Button>
          </span>
        )
      }
    >
      {error ? (
        <ErrorState error={error} />
      ) : !data ? (
        <Skeleton height={80} />
      ) : (
        <ol className={css.revisions}>
          {data.items.map((r, i) => (
            <Past
              key={r.revision}
              revision={r}
              now={i === 0}
              first={i === data.items.length - 1}
              back={
                can && i > 0
                  ? () =>
                      void change(() => rollback(r.revision), {
                        paths,
                        message: t('saved.back', { n: r.revision }),
                        undo: () => rollback(p.revision),
                      })
                  : undefined
              }
            />
          ))}
        </ol>
      )}
    </Panel>
  );
}

function ModeTag({ mode }: { mode: Mode }) {
  const { t } = useTranslation('protect');
  return (
    <Tag tone={mode === 'enforce' ? 'good' : mode === 'warn' ? 'accent' : undefined}>{t(`mode.${mode}`)}</Tag>
  );
}

function Past({
  revision: r,
  now,
  first,
  back,
}: {
  revision: Revision;
  now: boolean;
  first: boolean;
  back?: () => void;
}) {
  const { t } = useTranslation('protect');
  return (
    <li data-now={now || undefined}>
      <span className={css.revision}>{r.revision}</span>
      <div>
        <span>
          <b>{t(`mode.${r.mode}`)}</b> · {t('saved.lines', { count: r.lines })} · <Time value={r.changed} /> ·{' '}
          <Inert value={r.author} limit={40} />
          {now && (
            <>
              {' '}
              <Tag tone="good">{t('saved.now')}</Tag>
            </>
          )}
        </span>
        {r.changes.length > 0 ? (
          <details>
            <summary>{t('saved.changes', { count: r.changes.length })}</summary>
            <ul className={css.diff}>
              {r.changes.slice(0, 100).map((c, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: changes have no other name
                <li key={i} data-what={c.what}>
                  <span className="sr-only">{t(`what.${c.what}`)}</span>
                  <Inert value={c.text} limit={240} />
                </li>
              ))}
            </ul>
          </details>
        ) : (
          <span className="dim">{t(first ? 'saved.first' : 'saved.same')}</span>
        )}
      </div>
      {back && (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconArrowBackUp size={14} aria-hidden />}
          onClick={back}
        >
          {t('saved.rollback')}
        </Button>
      )}
    </li>
  );
}
