import { Button, Group, Modal, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

interface Props {
  what: 'show' | 'download';
  close: () => void;
  go(reason: string): void;
}

/** Asks why somebody wants to look at packets; the hub keeps the answer. */
export function ReasonDialog({ what, close, go }: Props) {
  const { t } = useTranslation(['finding', 'common']);
  const [reason, setReason] = useState('');
  const enough = reason.trim().length >= 8;
  return (
    <Modal opened onClose={close} title={t('reason.title')}>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          if (enough) go(reason.trim());
        }}
      >
        <Text mb="sm">{t('reason.text')}</Text>
        <Textarea
          data-autofocus
          label={t('reason.label')}
          description={t('reason.hint')}
          maxLength={500}
          value={reason}
          onChange={(e) => setReason(e.currentTarget.value)}
        />
        <Group justify="flex-end" gap="xs" mt="md">
          <Button variant="default" onClick={close}>
            {t('common:cancel')}
          </Button>
          <Button type="submit" disabled={!enough}>
            {t(`reason.${what}`)}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
