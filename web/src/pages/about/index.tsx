// What runs, how it is, and by whose work.
import { Accordion, Skeleton, TextInput } from '@mantine/core';
import { IconCircleCheck, IconCircleX } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import type { components } from '@/api/schema';
import { Logo } from '@/app/Logo';
import { places } from '@/app/nav';
import { hasPage } from '@/app/routes';
import { formatDuration, parseTime } from '@/lib/format';
import { Tag } from '@/widgets/badges';
import { ErrorState } from '@/widgets/ErrorState';
import { Page } from '@/widgets/Page';
import { Panel } from '@/widgets/Panel';
import { Bytes, Mono, Time } from '@/widgets/values';
import css from './about.module.css';

type Facts = components['schemas']['About'];

export default function About() {
  const { t } = useTranslation('about');
  const { data, error, refetch } = hub.useQuery('get', '/api/v1/about', {}, { refetchInterval: 30_000 });
  return (
    <Page title={t('title')}>
      {error ? (
        <ErrorState error={error} retry={() => void refetch()} />
      ) : !data ? (
        <Skeleton height={320} radius="md" />
      ) : (
        <>
          <div className={css.head}>
            <Logo size={48} />
            <div>
              <strong>
                Edgeward <Mono>{data.version}</Mono>
              </strong>
              <div className="dim">{t('what')}</div>
            </div>
            <Tag tone={data.state === 'ready' ? 'good' : 'bad'}>{t(`state.${data.state}`)}</Tag>
          </div>
          <div className={css.columns}>
            <Program facts={data} />
            <Parts facts={data} />
            <Storage facts={data} />
          </div>
          <Keys />
          <Licences facts={data} />
        </>
      )}
    </Page>
  );
}

function Program({ facts }: { facts: Facts }) {
  const { t } = useTranslation('about');
  const started = parseTime(facts.started);
  const now = parseTime(facts.now);
  const rows: [string, ReactNode][] = [
    [t('version'), <Mono key="v">{facts.version}</Mono>],
    [t('commit'), <Mono key="c">{facts.commit || '–'}</Mono>],
    [t('content'), <Mono key="k">{facts.content}</Mono>],
    [t('confined'), facts.confined || '–'],
    [t('go'), <Mono key="g">{`${facts.go} ${facts.platform}`}</Mono>],
    [t('started'), <Time key="s" value={facts.started} />],
    [t('uptime'), started !== undefined && now !== undefined ? formatDuration(now - started) : '–'],
    [t('clock'), <Time key="n" value={facts.now} precise />],
  ];
  return (
    <Panel title={t('program')}>
      <dl className={css.facts}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Panel>
  );
}

function Parts({ facts }: { facts: Facts }) {
  const { t } = useTranslation('about');
  return (
    <Panel title={t('health')}>
      <ul className={css.parts}>
        {facts.parts.map((p) => (
          <li key={p.name} data-ready={p.ready}>
            {p.ready ? <IconCircleCheck size={16} aria-hidden /> : <IconCircleX size={16} aria-hidden />}
            <span>
              <strong>{p.name}</strong> <span className="dim">{p.ready ? t('ready') : p.text}</span>
              {p.hint && <div className="dim">{p.hint}</div>}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Storage({ facts }: { facts: Facts }) {
  const { t } = useTranslation('about');
  const kinds = Object.entries(facts.storage).sort((a, b) => b[1] - a[1]);
  const most = Math.max(1, ...kinds.map(([, n]) => n));
  return (
    <Panel title={t('storage')}>
      <ul className={css.storage}>
        {kinds.map(([kind, bytes]) => (
          <li key={kind}>
            <span>{t(`kinds.${kind}`, { defaultValue: kind })}</span>
            <span className={css.track} aria-hidden>
              <span style={{ width: `${(100 * bytes) / most}%` }} />
            </span>
            <Bytes value={bytes} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Keys() {
  const { t } = useTranslation('about');
  const keys: [string, string][] = [
    ['?', t('common:keys.help')],
    ['Ctrl K', t('common:keys.palette')],
    ['/', t('common:keys.search')],
    ['j', t('common:keys.down')],
    ['k', t('common:keys.up')],
    ['Enter', t('common:keys.open')],
    ['x', t('common:keys.select')],
    ['Esc', t('common:keys.close')],
  ];
  return (
    <Panel title={t('common:keys.title')}>
      <dl className={css.keys}>
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
        {places
          .filter((p) => hasPage(p.name))
          .map((p) => (
            <div key={p.name}>
              <dt>
                <kbd>g</kbd> <kbd>{p.key}</kbd>
              </dt>
              <dd>{t(`common:nav.${p.name}`)}</dd>
            </div>
          ))}
      </dl>
    </Panel>
  );
}

function Licences({ facts }: { facts: Facts }) {
  const { t } = useTranslation('about');
  const [search, setSearch] = useState('');
  const shown = facts.licences.filter((l) =>
    `${l.module} ${l.licence}`.toLowerCase().includes(search.toLowerCase()),
  );
  return (
    <Panel title={t('licences')} aside={t('own')}>
      <Accordion variant="default" chevronPosition="left" className={css.more}>
        <Accordion.Item value="all">
          <Accordion.Control>{t('others', { count: facts.licences.length })}</Accordion.Control>
          <Accordion.Panel>
            <TextInput
              type="search"
              aria-label={t('search')}
              placeholder={t('search')}
              mb="sm"
              value={search}
              onChange={(e) => setSearch(e.currentTarget.value)}
            />
            <ul className={css.licences}>
              {shown.map((l) => (
                <li key={l.module}>
                  <Mono>{l.module}</Mono>
                  <span className="dim">{l.version}</span>
                  <Tag>{l.licence || '–'}</Tag>
                </li>
              ))}
            </ul>
          </Accordion.Panel>
        </Accordion.Item>
      </Accordion>
    </Panel>
  );
}
