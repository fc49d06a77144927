import { Button, CloseButton } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconArrowRight, IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import css from './QueryBox.module.css';
import { fromByte, proposal, toByte, wordEnd } from './text';

interface Props {
  value: string;
  /** The query is to be asked. */
  run: (text: string) => void;
}

/** The query with completion: Tab or Enter takes what is proposed, Enter asks. */
export function QueryBox({ value, run }: Props) {
  const { t } = useTranslation('hunt');
  const [typed, setTyped] = useState(value);
  const [at, setAt] = useState(value.length);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [scroll, setScroll] = useState(0);
  const field = useRef<HTMLInputElement>(null);
  const list = useId();
  useEffect(() => setTyped(value), [value]);

  const [asked] = useDebouncedValue(typed, 150);
  const [place] = useDebouncedValue(at, 150);
  const answer = useQuery({
    queryKey: ['/api/v1/events/complete', asked, place],
    queryFn: async ({ signal }) =>
      (
        await api.GET('/api/v1/events/complete', {
          params: { query: { q: asked, at: toByte(asked, place) } },
          signal,
        })
      ).data ?? null,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
  const current = asked === typed && !answer.isPlaceholderData;
  const items = current && place === at ? (answer.data?.items ?? []) : [];
  const error = current ? (answer.data?.error ?? '') : '';
  const wrongAt = fromByte(typed, answer.data?.at ?? 0);
  const shown = open && items.length > 0;
  const instead = error ? proposal(error) : undefined;

  const put = (text: string, cursor: number) => {
    setTyped(text);
    setAt(cursor);
    setActive(-1);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(cursor, cursor);
    });
  };
  const take = (i: number) => {
    const item = items[i];
    if (!item) return;
    const from = fromByte(typed, item.from);
    put(
      typed.slice(0, from) + item.insert + typed.slice(fromByte(typed, item.to)),
      from + item.insert.length,
    );
  };
  const ask = () => {
    setOpen(false);
    run(typed.trim());
  };
  const press = (e: KeyboardEvent<HTMLInputElement>) => {
    if (e.key === 'ArrowDown' && items.length > 0) {
      setOpen(true);
      setActive((active + 1) % items.length);
    } else if (e.key === 'ArrowUp' && shown) setActive(active <= 0 ? items.length - 1 : active - 1);
    else if (e.key === 'Tab' && shown && !e.shiftKey) take(Math.max(active, 0));
    else if (e.key === 'Enter' && shown && active >= 0) take(active);
    else if (e.key === 'Enter') ask();
    else if (e.key === 'Escape' && shown) setOpen(false);
    else if (e.key === ' ' && e.ctrlKey) setOpen(true);
    else return;
    e.preventDefault();
  };

  return (
    <div className={css.box}>
      <div className={css.line} data-wrong={error !== '' || undefined}>
        <IconSearch size={16} aria-hidden className={css.icon} />
        <div className={css.field}>
          <div className={css.mirror} aria-hidden style={{ transform: `translateX(${-scroll}px)` }}>
            {error && (
              <>
                {typed.slice(0, wrongAt)}
                <mark className={css.wrong}>{typed.slice(wrongAt, wordEnd(typed, wrongAt)) || '\u00a0'}</mark>
              </>
            )}
          </div>
          <input
            ref={field}
            data-search
            className={css.input}
            role="combobox"
            aria-label={t('query')}
            aria-expanded={shown}
            aria-controls={list}
            aria-autocomplete="list"
            aria-activedescendant={shown && active >= 0 ? `${list}-${active}` : undefined}
            aria-invalid={error !== ''}
            aria-describedby={error ? `${list}-error` : undefined}
            placeholder={t('placeholder')}
            value={typed}
            maxLength={4000}
            spellCheck={false}
            autoCapitalize="off"
            autoComplete="off"
            onChange={(e) => {
              setTyped(e.currentTarget.value);
              setAt(e.currentTarget.selectionStart ?? e.currentTarget.value.length);
              setOpen(true);
              setActive(-1);
            }}
            onSelect={(e) => setAt(e.currentTarget.selectionStart ?? typed.length)}
            onScroll={(e) => setScroll(e.currentTarget.scrollLeft)}
            onFocus={() => setOpen(typed !== '')}
            onBlur={() => setOpen(false)}
            onKeyDown={press}
          />
        </div>
        {typed && (
          <CloseButton
            aria-label={t('clear')}
            onClick={() => {
              put('', 0);
              run('');
            }}
          />
        )}
        <Button h={30} px="sm" onClick={ask} rightSection={<IconArrowRight size={15} aria-hidden />}>
          {t('ask')}
        </Button>
      </div>
      <div id={list} role="listbox" aria-label={t('proposals')} className={css.list} hidden={!shown}>
        {items.slice(0, 12).map((item, i) => (
          <div
            key={`${item.kind} ${item.insert}`}
            id={`${list}-${i}`}
            role="option"
            tabIndex={-1}
            aria-selected={i === active}
            className={css.item}
            onMouseDown={(e) => e.preventDefault()}
            onClick={() => take(i)}
          >
            <span className={css.insert}>{item.insert}</span>
            <span className={css.kind}>{t(`kind.${item.kind}`)}</span>
            <span className={css.doc}>{item.doc}</span>
          </div>
        ))}
      </div>
      {error && (
        <p className={css.error} id={`${list}-error`} role="alert">
          {error}
          {instead && (
            <Button
              size="compact-xs"
              variant="light"
              onClick={() => {
                const end = /^[\w.]+/.exec(typed.slice(wrongAt))?.[0].length ?? 0;
                put(typed.slice(0, wrongAt) + instead + typed.slice(wrongAt + end), wrongAt + instead.length);
              }}
            >
              {t('use', { word: instead })}
            </Button>
          )}
        </p>
      )}
    </div>
  );
}
