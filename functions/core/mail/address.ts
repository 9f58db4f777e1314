import { domainToASCII } from 'node:url';

/** RFC 5322 atext and dots: what SES takes before the @ (it has no SMTPUTF8). */
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])$/;

/** The address as SES takes it, its domain in Punycode, or undefined where no mail can reach it. */
export function toMailbox(received: string | undefined): string | undefined {
  const text = received?.trim() ?? '';
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(at, 0));
  const domain = /[^\x21-\x7e]/.test(text.slice(at + 1))
    ? domainToASCII(text.slice(at + 1))
    : text.slice(at + 1);
  const fits = local.length <= 64 && domain.length <= 253 && LOCAL.test(local) && DOMAIN.test(domain);
  return fits ? `${local}@${domain}` : undefined;
}

/** How an address is looked up: as people compare them. */
export const toEmailKey = (email: string): string => email.trim().toLowerCase();
