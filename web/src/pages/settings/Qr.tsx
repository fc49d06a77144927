import { useMemo } from 'react';
import { encode } from 'uqr';
import css from './settings.module.css';

/** A QR code, drawn here: what it holds goes nowhere. */
export function Qr({ value, label }: { value: string; label: string }) {
  const { size, path } = useMemo(() => {
    const code = encode(value, { ecc: 'M', border: 0 });
    const bits: string[] = [];
    code.data.forEach((row, y) => {
      row.forEach((on, x) => {
        if (on) bits.push(`M${x} ${y}h1v1h-1z`);
      });
    });
    return { size: code.size, path: bits.join('') };
  }, [value]);
  return (
    <svg
      className={css.qr}
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <path d={path} fill="#000" />
    </svg>
  );
}
