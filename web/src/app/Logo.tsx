/** The mark: a shield over layers. */
export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
      <path d="M16 2.5 27 6.6v8.2c0 6.6-4.4 11.9-11 14.7C9.4 26.7 5 21.4 5 14.8V6.6Z" fill="#0b7285" />
      <path
        d="M10 12h12M10 16.5h8.5M10 21h5"
        stroke="#fff"
        strokeWidth="2.6"
        strokeLinecap="round"
        fill="none"
      />
    </svg>
  );
}
