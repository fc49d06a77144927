import { Button, Group, Modal, Select, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api } from '@/api/client';
import type { components } from '@/api/schema';
import { refresh } from '@/widgets/change';
import { sayError } from '@/widgets/confirm';
import { Once } from '@/widgets/Once';
import { sensorPaths } from './shapes';

/** Makes a one-time token and shows the command that uses it. */
export function EnrolWizard({ close }: { close: () => void }) {
  const { t } = useTranslation('sensors');
  const [name, setName] = useState('');
  const [site, setSite] = useState('');
  const [hours, setHours] = useState('24');
  const [busy, setBusy] = useState(false);
  const [made, setMade] = useState<components['schemas']['NewEnrolment']>();

  const make = async () => {
    setBusy(true);
    try {
      const { data } = await api.POST('/api/v1/enrolments', {
        body: { sensor: name.trim() || undefined, site: site.trim() || undefined, hours: Number(hours) },
      });
      setMade(data);
      void refresh(sensorPaths);
    } catch (e) {
      sayError(e);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Modal
      opened
      onClose={close}
      closeButtonProps={{ 'aria-label': t('common:close') }}
      title={t('enrol.title')}
      size="lg"
      closeOnClickOutside={!made}
    >
      {made ? (
        <Stack gap="sm">
          <p>{t('enrol.run')}</p>
          <Once value={made.command} label={t('enrol.command')} done={close} />
        </Stack>
      ) : (
        <form
          onSubmit={(e) => {
            e.preventDefault();
            void make();
          }}
        >
          <Stack gap="sm">
            <p className="dim">{t('enrol.what')}</p>
            <TextInput
              label={t('enrol.name')}
              description={t('enrol.nameHint')}
              maxLength={100}
              value={name}
              onChange={(e) => setName(e.currentTarget.value)}
              data-autofocus
            />
            <TextInput
              label={t('enrol.site')}
              description={t('enrol.siteHint')}
              maxLength={100}
              value={site}
              onChange={(e) => setSite(e.currentTarget.value)}
            />
            <Select
              label={t('enrol.valid')}
              value={hours}
              onChange={(v) => setHours(v ?? '24')}
              allowDeselect={false}
              data={['1', '24', '168'].map((value) => ({ value, label: t(`enrol.hours.${value}`) }))}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                {t('common:cancel')}
              </Button>
              <Button type="submit" loading={busy}>
                {t('enrol.make')}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
