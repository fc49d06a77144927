import { Alert, Button, CopyButton, Group } from '@mantine/core';
import { IconCheck, IconCopy, IconKey } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import css from './Once.module.css';

/** A value with a button that copies it. */
export function Copyable({ value, label }: { value: string; label: string }) {
  const { t } = useTranslation('parts');
  return (
    <div className={css.box}>
      <pre className={css.value} tabIndex={0} role="region" aria-label={label}>
        {value}
      </pre>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Button
            size="xs"
            variant="default"
            onClick={copy}
            leftSection={copied ? <IconCheck size={14} aria-hidden /> : <IconCopy size={14} aria-hidden />}
          >
            {copied ? t('copy.done') : t('copy.do')}
          </Button>
        )}
      </CopyButton>
    </div>
  );
}

/** A secret that is shown this one time only. */
export function Once({ value, label, done }: { value: string; label: string; done: () => void }) {
  const { t } = useTranslation('parts');
  return (
    <>
      <Alert icon={<IconKey size={18} aria-hidden />} color="yellow" mb="sm" className={css.note}>
        {t('once.note')}
      </Alert>
      <Copyable value={value} label={label} />
      <Group justify="flex-end" mt="md">
        <Button onClick={done}>{t('once.kept')}</Button>
      </Group>
    </>
  );
}
