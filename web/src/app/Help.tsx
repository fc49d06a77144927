import { Modal } from '@mantine/core';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import css from './Help.module.css';
import { places } from './nav';
import { hasPage } from './routes';

/** The keys of the console. */
export default function Help({ close }: { close: () => void }) {
  const { t } = useTranslation();
  const general: [string[], string][] = [
    [['?'], t('keys.help')],
    [['Ctrl', 'K'], t('keys.palette')],
    [['/'], t('keys.search')],
    [['j'], t('keys.down')],
    [['k'], t('keys.up')],
    [['Enter'], t('keys.open')],
    [['x'], t('keys.select')],
    [['Esc'], t('keys.close')],
  ];
  return (
    <Modal opened onClose={close} title={t('keys.title')} size="lg">
      <div className={css.columns}>
        <dl className={css.list}>
          {general.map(([keys, what]) => (
            <Fragment key={what}>
              <dt>
                {keys.map((k) => (
                  <kbd key={k}>{k}</kbd>
                ))}
              </dt>
              <dd>{what}</dd>
            </Fragment>
          ))}
        </dl>
        <dl className={css.list}>
          {places
            .filter((p) => hasPage(p.name))
            .map((p) => (
              <Fragment key={p.name}>
                <dt>
                  <kbd>g</kbd>
                  <kbd>{p.key}</kbd>
                </dt>
                <dd>{t(`nav.${p.name}`)}</dd>
              </Fragment>
            ))}
        </dl>
      </div>
    </Modal>
  );
}
