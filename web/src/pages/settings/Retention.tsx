import { Button, Group, NumberInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, hub } from '@/api/client';
import { formatBytes } from '@/lib/format';
import { useChange } from '@/widgets/change';
import { Fields } from '@/widgets/Fields';
import { Panel } from '@/widgets/Panel';
import css from './settings.module.css';
import { type SettingsDocument, settingsPaths, WithSettings } from './useSettings';

type Rules = SettingsDocument['retention'];
const giga = 1e9;
const days = ['event_days', 'finding_days', 'evidence_days', 'rollup_days', 'audit_days'] as const;

/** How long things are kept. */
export function Retention() {
  return <WithSettings>{(s) => <Form rules={s.retention} />}</WithSettings>;
}

function Form({ rules }: { rules: Rules }) {
  const { t, i18n } = useTranslation('settings');
  const about = hub.useQuery('get', '/api/v1/about');
  const [input, setInput] = useState(rules);
  const [change, busy] = useChange();
  const put = (body: Rules) => api.PUT('/api/v1/settings/retention', { body });
  const used = about.data?.storage.events;
  return (
    <Panel
      title={t('retention.title')}
      aside={used !== undefined && t('retention.used', { bytes: formatBytes(used, i18n.language) })}
    >
      <form
        className={css.form}
        onSubmit={(e) => {
          e.preventDefault();
          void change(() => put(input), {
            paths: settingsPaths,
            undo: () => put(rules).then(() => setInput(rules)),
          });
        }}
      >
        <p className="dim">{t('retention.what')}</p>
        <NumberInput
          label={t('retention.event_bytes')}
          description={t('retention.event_bytesHint')}
          value={Math.round((input.event_bytes / giga) * 10) / 10}
          min={0}
          decimalScale={1}
          suffix=" GB"
          onChange={(v) => setInput({ ...input, event_bytes: Math.round((Number(v) || 0) * giga) })}
        />
        <Fields>
          {days.map((name) => (
            <NumberInput
              key={name}
              label={t(`retention.${name}`)}
              description={t(`retention.${name}Hint`)}
              value={input[name]}
              min={0}
              max={3650}
              clampBehavior="strict"
              onChange={(v) => setInput({ ...input, [name]: Number(v) || 0 })}
            />
          ))}
        </Fields>
        <Group>
          <Button type="submit" loading={busy} disabled={JSON.stringify(input) === JSON.stringify(rules)}>
            {t('common:save')}
          </Button>
        </Group>
      </form>
    </Panel>
  );
}
