import { Stepper } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { Navigate, useNavigate } from 'react-router';
import { loadSession, sessionKey } from '@/api/session';
import { oneOf, text, useUrlState } from '@/lib/url';
import { Gate } from '@/widgets/Gate';
import { PageSkeleton } from '@/widgets/PageSkeleton';
import { Account } from './Account';
import { Home } from './Home';
import { Traffic } from './Traffic';

const steps = ['account', 'traffic', 'home'] as const;
const fields = { step: oneOf(steps, 'account'), token: text() };

/** The first run: an administrator, traffic to look at, networks that are home. */
export default function Setup() {
  const { t } = useTranslation('setup');
  const navigate = useNavigate();
  const [{ step, token }, setUrl] = useUrlState(fields);
  const { data: start } = useQuery({ queryKey: sessionKey, queryFn: loadSession, staleTime: Infinity });
  useEffect(() => {
    document.title = `${t('title')} · Edgeward`;
  }, [t]);
  if (!start) return <PageSkeleton />;
  if (start.state === 'out') return <Navigate to="/login" replace />;
  const mine = start.state === 'in' && start.session?.role === 'admin';
  if (start.state === 'in' && !mine) return <Navigate to="/" replace />;
  // Who is logged in has an account; who is not cannot go on.
  const current = mine ? (step === 'account' ? 'traffic' : step) : 'account';
  return (
    <Gate title={t(`${current}.title`)} subtitle={t(`${current}.hint`)} wide>
      <Stepper
        active={steps.indexOf(current)}
        size="xs"
        mb="lg"
        allowNextStepsSelect={false}
        aria-label={t('title')}
      >
        {steps.map((s) => (
          <Stepper.Step key={s} label={t(`${s}.step`)} component="div" />
        ))}
      </Stepper>
      {current === 'account' && <Account token={token} done={() => setUrl({ step: 'traffic', token: '' })} />}
      {current === 'traffic' && <Traffic next={() => setUrl({ step: 'home' }, true)} />}
      {current === 'home' && (
        <Home back={() => setUrl({ step: 'traffic' })} done={() => void navigate('/', { replace: true })} />
      )}
    </Gate>
  );
}
