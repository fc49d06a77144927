import { ActionIcon, Menu, SegmentedControl, Stack, Text, useMantineColorScheme } from '@mantine/core';
import { IconKeyboard, IconLogout, IconUserCircle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { logout } from '@/api/session';
import { i18next, type Language, languages, setLanguage } from '@/i18n';
import { setPrefs, usePrefs } from '@/lib/prefs';
import { useSession } from './session';

/** Who is logged in, what they chose for this browser, and the way out. */
export function AccountMenu({ openHelp }: { openHelp: () => void }) {
  const { t } = useTranslation();
  const session = useSession();
  const { utc } = usePrefs();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <>
      <Menu.Target>
        <ActionIcon size="lg" aria-label={t('account.open')}>
          <IconUserCircle size={20} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Stack gap={0} px={12} py={8}>
          <Text fw={600}>{session.display || session.name}</Text>
          <Text size="xs" c="dimmed">
            {t(`role.${session.role}`)}
          </Text>
        </Stack>
        <Menu.Divider />
        <Stack gap={8} px={12} py={8}>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-label={t('account.scheme')}
            value={colorScheme}
            onChange={(v) => setColorScheme(v as 'auto' | 'light' | 'dark')}
            data={(['auto', 'light', 'dark'] as const).map((v) => ({ value: v, label: t(`account.${v}`) }))}
          />
          <SegmentedControl
            size="xs"
            fullWidth
            aria-label={t('account.clock')}
            value={utc ? 'utc' : 'local'}
            onChange={(v) => setPrefs({ utc: v === 'utc' })}
            data={[
              { value: 'local', label: t('account.local') },
              { value: 'utc', label: 'UTC' },
            ]}
          />
          <SegmentedControl
            size="xs"
            fullWidth
            aria-label={t('account.language')}
            value={i18next.resolvedLanguage}
            onChange={(v) => void setLanguage(v as Language)}
            data={Object.entries(languages).map(([value, label]) => ({ value, label }))}
          />
        </Stack>
        <Menu.Divider />
        <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={openHelp}>
          {t('account.keys')}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void logout()}>
          {t('account.logout')}
        </Menu.Item>
      </Menu.Dropdown>
    </>
  );
}
