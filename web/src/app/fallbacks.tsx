import { useTranslation } from 'react-i18next';
import { Link, useRouteError } from 'react-router';
import { EmptyState } from '@/widgets/EmptyState';
import { ErrorState } from '@/widgets/ErrorState';
import { Page } from '@/widgets/Page';

/** Shown when a page fails to load or to render. */
export function RouteError() {
  const error = useRouteError();
  const { t } = useTranslation();
  return (
    <Page title={t('error.title')}>
      <ErrorState error={error} retry={() => window.location.reload()} />
    </Page>
  );
}

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Page title={t('notFound.title')}>
      <EmptyState title={t('notFound.title')} hint={t('notFound.hint')}>
        <Link to="/">{t('notFound.home')}</Link>
      </EmptyState>
    </Page>
  );
}
