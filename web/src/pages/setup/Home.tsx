import { Alert, Button, Checkbox, Group, Stack, TagsInput, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { hub } from '@/api/client';
import { isPrefix } from '@/lib/cidr';
import { sayError } from '@/widgets/confirm';
import { ErrorState } from '@/widgets/ErrorState';
import { PageSkeleton } from '@/widgets/PageSkeleton';

/** Names the networks that are inside: their hosts are devices, the rest are peers. */
export function Home({ back, done }: { back: () => void; done: () => void }) {
  const settings = hub.useQuery('get', '/api/v1/settings');
  const coverage = hub.useQuery('get', '/api/v1/coverage');
  if (settings.error) return <ErrorState error={settings.error} retry={() => void settings.refetch()} />;
  if (!settings.data) return <PageSkeleton />;
  const seen = (coverage.data?.networks ?? []).filter((n) => n.devices > 0).map((n) => n.prefix);
  return <Form initial={settings.data.home.networks} seen={seen} back={back} done={done} />;
}

interface FormProps {
  initial: string[];
  seen: string[];
  back: () => void;
  done: () => void;
}

function Form({ initial, seen, back, done }: FormProps) {
  const { t } = useTranslation('setup');
  const [networks, setNetworks] = useState(initial);
  const save = hub.useMutation('put', '/api/v1/settings/home', { onSuccess: done, onError: sayError });
  const wrong = networks.filter((n) => !isPrefix(n));
  const offered = [...new Set(seen)].slice(0, 12);
  return (
    <Stack gap="md">
      {offered.length > 0 && (
        <Checkbox.Group
          label={t('home.seen')}
          value={networks.filter((n) => offered.includes(n))}
          onChange={(v) => setNetworks([...networks.filter((n) => !offered.includes(n)), ...v])}
        >
          <Stack gap={6} mt={6}>
            {offered.map((n) => (
              <Checkbox key={n} value={n} label={<span className="mono">{n}</span>} />
            ))}
          </Stack>
        </Checkbox.Group>
      )}
      <TagsInput
        label={t('home.networks')}
        description={t('home.networksHint')}
        placeholder="192.168.0.0/16"
        splitChars={[',', ' ', ';']}
        maxTags={500}
        value={networks}
        onChange={setNetworks}
        error={wrong.length > 0 && t('home.wrong', { list: wrong.join(', ') })}
      />
      {networks.length === 0 && (
        <Alert color="gray">
          <Text size="sm">{t('home.guess')}</Text>
        </Alert>
      )}
      <Group justify="space-between">
        <Button variant="default" onClick={back}>
          {t('home.back')}
        </Button>
        <Button
          size="md"
          loading={save.isPending}
          disabled={wrong.length > 0}
          onClick={() => save.mutate({ body: { networks } })}
        >
          {t('home.finish')}
        </Button>
      </Group>
    </Stack>
  );
}
