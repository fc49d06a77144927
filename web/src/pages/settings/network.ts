/** Whether text is a network in CIDR notation, IPv4 or IPv6. The hub has the last word. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, more] = text.trim().split('/');
  if (more !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false;
  const length = bits === undefined ? undefined : Number(bits);
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (four) return four.slice(1).every((n) => Number(n) <= 255) && (length === undefined || length <= 32);
  if (!/^[0-9a-f:]{2,39}$/i.test(address) || !address.includes(':')) return false;
  const halves = address.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((h) => (h === '' ? [] : h.split(':')));
  const whole = halves.length === 2 ? groups.length <= 7 : groups.length === 8;
  return whole && groups.every((g) => /^[0-9a-f]{1,4}$/i.test(g)) && (length === undefined || length <= 128);
}
