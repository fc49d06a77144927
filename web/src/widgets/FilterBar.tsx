import { Button, CloseButton, Menu, ScrollArea, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconCheck, IconChevronDown, IconSearch } from '@tabler/icons-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import css from './FilterBar.module.css';

interface Option {
  value: string;
  label: ReactNode;
}

export interface Facet {
  name: string;
  label: string;
  options: readonly Option[];
  /** What is chosen; a facet with single holds one at the most. */
  value: readonly string[];
  single?: boolean;
  onChange(value: string[]): void;
}

interface Props {
  search?: { value: string; placeholder: string; onChange(value: string): void };
  facets?: readonly Facet[];
  /** Other controls, such as TimeRange. */
  children?: ReactNode;
  /** At the right: count of rows, columns. */
  aside?: ReactNode;
  /** Sets everything back; shown when something is set. */
  clear?: () => void;
  /** Whether something is set, where a facet's usual value is not empty. */
  dirty?: boolean;
}

/** Search, facets and chips above a list. Its state belongs into the address: see lib/url. */
export function FilterBar({ search, facets = [], children, aside, clear, dirty }: Props) {
  const { t } = useTranslation();
  const set = dirty ?? ((search?.value ?? '') !== '' || facets.some((f) => f.value.length > 0));
  return (
    <div className={`${css.bar} no-print`} role="search">
      {search && <Search {...search} />}
      {facets.map((f) => (
        <FacetMenu key={f.name} facet={f} />
      ))}
      {children}
      {set && clear && (
        <Button variant="subtle" color="gray" onClick={clear}>
          {t('filter.clear')}
        </Button>
      )}
      <span className={css.gap} />
      {aside && <span className={css.aside}>{aside}</span>}
    </div>
  );
}

function Search({
  value,
  placeholder,
  onChange,
}: {
  value: string;
  placeholder: string;
  onChange(v: string): void;
}) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(value);
  const send = useDebouncedCallback(onChange, 250);
  useEffect(() => setTyped(value), [value]);
  return (
    <TextInput
      className={css.search}
      data-search
      type="search"
      value={typed}
      maxLength={200}
      placeholder={placeholder}
      aria-label={placeholder}
      leftSection={<IconSearch size={15} aria-hidden />}
      rightSection={
        typed && (
          <CloseButton
            size={24}
            aria-label={t('filter.clearSearch')}
            onClick={() => {
              setTyped('');
              onChange('');
            }}
          />
        )
      }
      onChange={(e) => {
        setTyped(e.currentTarget.value);
        send(e.currentTarget.value);
      }}
      onKeyDown={(e) => {
        if (e.key === 'Enter') onChange(typed);
        if (e.key === 'Escape') e.currentTarget.blur();
      }}
    />
  );
}

function FacetMenu({ facet }: { facet: Facet }) {
  const { label, options, value, single, onChange } = facet;
  const toggle = (v: string) => {
    if (value.includes(v)) onChange(value.filter((x) => x !== v));
    else onChange(single ? [v] : [...value, v]);
  };
  const first = options.find((o) => o.value === value[0])?.label ?? value[0];
  return (
    <Menu closeOnItemClick={single} position="bottom-start">
      <Menu.Target>
        <Button
          variant="default"
          className={css.facet}
          data-set={value.length > 0 || undefined}
          rightSection={<IconChevronDown size={14} aria-hidden />}
        >
          {label}
          {value.length > 0 && (
            <span className={css.chosen}>
              {first}
              {value.length > 1 && ` +${value.length - 1}`}
            </span>
          )}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <ScrollArea.Autosize mah={340} type="auto">
          {options.map((o) => (
            <Menu.Item
              key={o.value}
              role="menuitemcheckbox"
              aria-checked={value.includes(o.value)}
              onClick={() => toggle(o.value)}
              rightSection={
                <IconCheck size={14} className={value.includes(o.value) ? undefined : css.hidden} />
              }
            >
              {o.label}
            </Menu.Item>
          ))}
        </ScrollArea.Autosize>
      </Menu.Dropdown>
    </Menu>
  );
}
