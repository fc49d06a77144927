import { useTranslation } from 'react-i18next';
import type { DeviceDetail } from '@/api/types';
import { Inert } from '@/widgets/Inert';
import { Panel } from '@/widgets/Panel';
import { SimpleTable } from '@/widgets/SimpleTable';
import { Ago, Count } from '@/widgets/values';
import css from './device.module.css';

type Service = DeviceDetail['services'][number];

/** What the device offers, and what it uses elsewhere. */
export function ServicesTab({ device: d }: { device: DeviceDetail }) {
  const { t } = useTranslation('device');
  const table = (title: string, rows: readonly Service[], empty: string, offered: boolean) => (
    <Panel title={title} flush>
      {rows.length === 0 ? (
        <p className={css.calm}>{empty}</p>
      ) : (
        <SimpleTable
          label={title}
          rows={rows}
          rowKey={(s) => `${s.transport} ${s.port} ${s.protocol}`}
          columns={[
            {
              key: 'port',
              header: t('service.port'),
              cell: (s) => (
                <span className="mono">
                  {s.port}/{s.transport}
                </span>
              ),
            },
            {
              key: 'protocol',
              header: t('service.protocol'),
              cell: (s) => s.protocol || <span className="dim">{t('service.unrecognised')}</span>,
            },
            {
              key: 'banner',
              header: t('service.banner'),
              cell: (s) => <Inert value={s.banner} limit={100} mono />,
            },
            { key: 'flows', header: t('service.flows'), right: true, cell: (s) => <Count value={s.flows} /> },
            ...(offered
              ? [
                  {
                    key: 'clients',
                    header: t('service.clients'),
                    right: true,
                    cell: (s: Service) => <Count value={s.clients} />,
                  },
                ]
              : []),
            {
              key: 'first',
              header: t('service.first'),
              wideOnly: true,
              cell: (s) => <Ago value={s.first_seen} />,
            },
            { key: 'last', header: t('service.last'), cell: (s) => <Ago value={s.last_seen} /> },
          ]}
        />
      )}
    </Panel>
  );
  return (
    <>
      {table(t('service.offers'), d.services, t('service.noOffers'), true)}
      {table(t('service.uses'), d.uses, t('service.noUses'), false)}
    </>
  );
}
