/** Whether the sender's domain says what becomes of mail that is not its own: Gmail and Yahoo ask it of whoever mails much. */
import dns from 'node:dns/promises';
import type { Check } from './checks.ts';

/** Looked for at the sender's domain, then above it: https://www.rfc-editor.org/rfc/rfc7489#section-6.6.3 */
export const dmarc: Check = async ({ catalogue: { seller } }) => {
  const labels = seller.from
    .slice(seller.from.lastIndexOf('@') + 1)
    .toLowerCase()
    .split('.');
  for (let at = 0; at < labels.length - 1; at += 1) {
    const name = `_dmarc.${labels.slice(at).join('.')}`;
    const records = (await textAt(name)).filter((text) => /^v=DMARC1\s*(;|$)/.test(text));
    if (records.length > 1)
      return `${name} has ${records.length} DMARC records, which counts as none; leave one`;
    if (records.length === 1) return undefined;
  }
  return `no DMARC record is at _dmarc.${labels.join('.')}; the stack's output Dmarc has one to put into DNS`;
};

/** Throws where DNS does not answer; that there is nothing is an answer. */
async function textAt(name: string): Promise<string[]> {
  try {
    return (await dns.resolveTxt(name)).map((parts) => parts.join(''));
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA'))
      return [];
    throw error;
  }
}
