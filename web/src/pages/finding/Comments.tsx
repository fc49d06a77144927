import { Button, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import type { FindingDetail } from '@/api/types';
import { useCan } from '@/app/session';
import { refreshFindings } from '@/pages/findings/edit';
import { StatusBadge } from '@/widgets/badges';
import { sayError } from '@/widgets/confirm';
import { Panel } from '@/widgets/Panel';
import { Ago } from '@/widgets/values';
import css from './finding.module.css';

/** What people said and did, and a field to say more. */
export function Comments({ finding }: { finding: FindingDetail }) {
  const { t } = useTranslation('finding');
  const can = useCan('analyst');
  const [text, setText] = useState('');
  const edit = hub.useMutation('patch', '/api/v1/findings/{id}', {
    onSuccess: () => {
      setText('');
      refreshFindings();
    },
    onError: sayError,
  });
  const send = () =>
    text.trim() && edit.mutate({ params: { path: { id: finding.id } }, body: { comment: text.trim() } });
  return (
    <Panel title={t('comments')}>
      {finding.comments.length === 0 && <p className="dim">{t('noComments')}</p>}
      <ol className={css.comments}>
        {finding.comments.map((c) => (
          <li key={`${c.time} ${c.user} ${c.text}`}>
            <div className={css.commentHead}>
              <b>{c.user}</b>
              <Ago value={c.time} />
              {c.status && <StatusBadge status={c.status} />}
            </div>
            {c.text && <p>{c.text}</p>}
          </li>
        ))}
      </ol>
      {can && (
        <form
          className={css.commentForm}
          onSubmit={(e) => {
            e.preventDefault();
            send();
          }}
        >
          <Textarea
            aria-label={t('comment')}
            placeholder={t('commentHint')}
            maxLength={4000}
            value={text}
            onChange={(e) => setText(e.currentTarget.value)}
            onKeyDown={(e) => {
              if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) send();
            }}
          />
          <Button type="submit" variant="default" loading={edit.isPending} disabled={!text.trim()}>
            {t('comment')}
          </Button>
        </form>
      )}
    </Panel>
  );
}
