import { Button, Group, Popover, Stack, TextInput } from '@mantine/core';
import { IconCalendar, IconChevronDown } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { formatTime } from '@/lib/format';
import { usePrefs } from '@/lib/prefs';
import { between, fromInput, parseRange, presets, toInput } from '@/lib/range';

interface Props {
  /** As in lib/range. */
  value: string;
  onChange(value: string): void;
  label?: string;
}

/** Chooses a span of time: a word such as the last day, or two times. */
export function TimeRange({ value, onChange, label }: Props) {
  const { t, i18n } = useTranslation();
  const { utc } = usePrefs();
  const [open, setOpen] = useState(false);
  const set = value === 'all' ? '' : value;
  const chosen = parseRange(set, Date.now());
  const name = () => {
    if (!set) return t('range.all');
    if (!set.includes('~')) return t('range.last', { span: set.replace(/(\d+)/, '$1 ') });
    const style = { language: i18n.language, utc };
    const at = (s?: string) => (s ? formatTime(Date.parse(s), style) : '…');
    return `${at(chosen?.from)} – ${at(chosen?.to)}`;
  };
  const choose = (v: string) => {
    setOpen(false);
    onChange(v);
  };
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <Button
          variant="default"
          fw={500}
          px={10}
          onClick={() => setOpen(!open)}
          leftSection={<IconCalendar size={15} aria-hidden />}
          rightSection={<IconChevronDown size={14} aria-hidden />}
          aria-label={`${label ?? t('range.label')}: ${name()}`}
        >
          {name()}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <Group align="flex-start" gap="lg">
          <Stack gap={4}>
            {presets.map((p) => (
              <Button
                key={p}
                size="compact-sm"
                variant={p === set ? 'light' : 'subtle'}
                justify="start"
                onClick={() => choose(p)}
              >
                {p ? t('range.last', { span: p.replace(/(\d+)/, '$1 ') }) : t('range.all')}
              </Button>
            ))}
          </Stack>
          <Custom
            from={chosen?.from}
            to={chosen?.to}
            utc={utc}
            choose={(from, to) => choose(between(from, to))}
          />
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}

interface CustomProps {
  from?: string;
  to?: string;
  utc: boolean;
  choose(from?: string, to?: string): void;
}

function Custom({ from, to, utc, choose }: CustomProps) {
  const { t } = useTranslation();
  const [a, setA] = useState(from ? toInput(Date.parse(from), utc) : '');
  const [b, setB] = useState(to ? toInput(Date.parse(to), utc) : '');
  const zone = utc ? ' (UTC)' : '';
  return (
    <Stack
      component="form"
      gap="xs"
      onSubmit={(e: React.FormEvent) => {
        e.preventDefault();
        choose(fromInput(a, utc), fromInput(b, utc));
      }}
    >
      <TextInput
        type="datetime-local"
        label={t('range.from') + zone}
        value={a}
        onChange={(e) => setA(e.currentTarget.value)}
      />
      <TextInput
        type="datetime-local"
        label={t('range.to') + zone}
        value={b}
        onChange={(e) => setB(e.currentTarget.value)}
      />
      <Button type="submit" disabled={!a && !b}>
        {t('range.apply')}
      </Button>
    </Stack>
  );
}
