import { Button, Group, Tooltip } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import { useCan } from '@/app/session';
import { useKeys } from '@/app/shortcuts';
import { useChange } from '@/widgets/change';
import { Needs } from '@/widgets/Needs';
import { Export } from './Export';
import css from './protect.module.css';
import { learnedNothing, type Mode, type Protect, paths } from './shapes';

const modes = ['observe', 'warn', 'enforce'] as const;

/** Makes the shown proposal the device's profile; w saves it as warn. */
export function Save({ protect: p, consent }: { protect: Protect; consent: readonly string[] }) {
  const { t } = useTranslation(['protect', 'common']);
  const can = useCan('operator');
  const [change, busy] = useChange();
  const was = p.current;
  const fromFile = was?.origin === 'file';
  const save = (mode: Mode) => {
    const path = { id: p.device.id };
    let saved: string | undefined;
    void change(
      async () => {
        const { data } = await api.POST('/api/v1/devices/{id}/protect/accept', {
          params: { path },
          body: { document: p.document, mode, consent: [...consent], revision: was?.revision ?? 0 },
        });
        saved = data?.id;
      },
      {
        paths,
        message: t(`save.done.${mode}`),
        undo: () =>
          was
            ? api.POST('/api/v1/profiles/{id}/rollback', {
                params: { path: { id: was.id } },
                body: { revision: was.revision },
              })
            : api.DELETE('/api/v1/profiles/{id}', { params: { path: { id: saved ?? '' } } }),
      },
    );
  };
  useKeys({ w: () => can && !learnedNothing(p.profile) && !fromFile && save('warn') });
  return (
    <div className={css.save}>
      <Group gap="xs" wrap="wrap">
        <Export protect={p} />
        {can &&
          modes.map((mode) => {
            const why =
              mode === 'enforce' && !p.enforcing
                ? t('save.noEnforcing')
                : fromFile
                  ? t('save.fromFile')
                  : learnedNothing(p.profile)
                    ? t('save.nothing')
                    : '';
            return (
              <Tooltip key={mode} label={why || t(`save.what.${mode}`)} multiline maw={300}>
                <Button
                  variant={mode === 'warn' ? 'filled' : 'default'}
                  aria-keyshortcuts={mode === 'warn' ? 'w' : undefined}
                  loading={busy}
                  data-disabled={why ? true : undefined}
                  aria-disabled={why ? true : undefined}
                  aria-description={why || t(`save.what.${mode}`)}
                  onClick={() => !why && save(mode)}
                >
                  {t(was ? `save.replace.${mode}` : `save.as.${mode}`)}
                </Button>
              </Tooltip>
            );
          })}
      </Group>
      {can && p.profile && !p.enforcing && <p className={css.quiet}>{t('save.noEnforcing')}</p>}
      <Needs least="operator" what={t('save.changing')} />
    </div>
  );
}
