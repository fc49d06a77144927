import { Button } from '@mantine/core';
import { IconShieldCheck } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { EmptyState } from '@/widgets/EmptyState';
import { cleared, isFiltered } from './filter';
import type { Filter, SetFilter } from './index';

/** Says whether nothing is wrong, or nothing fits the filters. */
export function NoFindings({ filter, setFilter }: { filter: Filter; setFilter: SetFilter }) {
  const { t } = useTranslation(['findings', 'common']);
  if (!isFiltered(filter))
    return (
      <EmptyState title={t('empty.title')} hint={t('empty.hint')} icon={IconShieldCheck}>
        <Button component={Link} to="/coverage" variant="default">
          {t('empty.coverage')}
        </Button>
      </EmptyState>
    );
  return (
    <EmptyState title={t('noMatch.title')} hint={t('noMatch.hint')}>
      <Button variant="default" onClick={() => setFilter(cleared)}>
        {t('common:filter.clear')}
      </Button>
    </EmptyState>
  );
}
