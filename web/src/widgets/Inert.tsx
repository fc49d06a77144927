import { useTranslation } from 'react-i18next';
import { inert, pieces, shorten } from '@/lib/inert';
import css from './Inert.module.css';

interface Props {
  /** As the network sent it. */
  value: string | undefined | null;
  /** Characters that show; the rest is counted. */
  limit?: number;
  mono?: boolean;
}

/**
 * Text that the network chose: a name, a topic, a user agent. What would not
 * show or would turn the text around is shown as a sign, and long ones are cut.
 */
export function Inert({ value, limit = 160, mono }: Props) {
  const { t } = useTranslation('parts');
  if (!value) return <span className="dim">–</span>;
  const { head, cut } = shorten(value, limit);
  return (
    <bdi className={mono ? 'mono' : undefined} title={cut > 0 ? inert(value, 2000) : undefined}>
      {pieces(head).map((p, i) =>
        p.code ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name
          <span key={i} className={css.sign} title={t('inert.sign', { code: p.code })}>
            {p.text}
          </span>
        ) : (
          p.text
        ),
      )}
      {cut > 0 && <span className={css.cut}>{t('inert.cut', { count: cut })}</span>}
    </bdi>
  );
}
