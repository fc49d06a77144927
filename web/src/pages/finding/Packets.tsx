import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { PacketEvidence } from '@/api/types';
import { bytesOf, hexRows, offsetText } from '@/lib/hex';
import { Tag } from '@/widgets/badges';
import css from './Packets.module.css';

interface Span {
  offset: number;
  length: number;
}

const inside = (offset: number, s: Span | undefined): boolean =>
  s !== undefined && offset >= s.offset && offset < s.offset + s.length;

/** One packet: its layers and fields beside its bytes; pointing at a field marks its bytes. */
export default function Packets({ packet }: { packet: PacketEvidence }) {
  const { t } = useTranslation('finding');
  const [span, setSpan] = useState<Span>();
  const rows = useMemo(() => hexRows(bytesOf(packet.bytes)), [packet.bytes]);
  return (
    <div className={css.packet}>
      <div className={css.layers}>
        {packet.layers.length === 0 && <p className="dim">{t('noLayers')}</p>}
        {packet.layers.map((layer, i) => (
          <details key={`${layer.name} ${layer.offset}`} open={i >= packet.layers.length - 2}>
            {/* biome-ignore lint/a11y/noStaticElementInteractions: a summary can be reached and opened by key */}
            <summary onPointerEnter={() => setSpan(layer)} onFocus={() => setSpan(layer)}>
              {layer.name} <span className="dim num">{t('bytes', { count: layer.length })}</span>
            </summary>
            <dl>
              {layer.fields.map((f) => (
                <div
                  key={`${f.name} ${f.offset} ${f.value}`}
                  onPointerEnter={() => setSpan(f)}
                  data-current={(span === f && f.length > 0) || undefined}
                >
                  <dt>{f.name}</dt>
                  <dd className="mono">{f.value}</dd>
                </div>
              ))}
            </dl>
          </details>
        ))}
      </div>
      <section className={css.hex} tabIndex={0} aria-label={t('hex')}>
        {packet.masked && <Tag tone="warn">{t('masked', { count: packet.headers })}</Tag>}
        <table aria-label={t('hex')}>
          <tbody>
            {rows.map((row) => (
              <tr key={row[0]?.offset}>
                <th scope="row">{offsetText(row[0]?.offset ?? 0)}</th>
                <td>
                  {row.map((b) => (
                    <span key={b.offset} data-mark={inside(b.offset, span) || undefined}>
                      {b.hex}
                    </span>
                  ))}
                </td>
                <td className={css.text}>
                  {row.map((b) => (
                    <span key={b.offset} data-mark={inside(b.offset, span) || undefined}>
                      {b.text}
                    </span>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}
