// Networks as people type them; the hub checks them again.

/** Whether a text is an IPv4 or IPv6 prefix such as 192.168.0.0/16. */
export function isPrefix(text: string): boolean {
  const [address, bits, more] = text.split('/');
  if (address === undefined || bits === undefined || more !== undefined || !/^\d{1,3}$/.test(bits))
    return false;
  if (address.includes(':')) return isIPv6(address) && Number(bits) <= 128;
  return isIPv4(address) && Number(bits) <= 32;
}

function isIPv4(s: string): boolean {
  const parts = s.split('.');
  return parts.length === 4 && parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) <= 255);
}

function isIPv6(s: string): boolean {
  const halves = s.split('::');
  if (halves.length > 2) return false;
  const groups = halves.flatMap((h) => (h === '' ? [] : h.split(':')));
  if (!groups.every((g) => /^[0-9a-f]{1,4}$/i.test(g))) return false;
  return halves.length === 2 ? groups.length < 8 : groups.length === 8;
}
