import { domainToASCII } from 'node:url';

/** RFC 5322 dot-atom: SES accepts no other local part, since it lacks SMTPUTF8. */
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const DOMAIN =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])$/;

/** Returns the address as SES accepts it, with its domain in Punycode, or undefined if it is not deliverable. */
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

/** Returns the form in which addresses are compared and indexed: case is ignored. */
export const toEmailKey = (email: string): string => email.trim().toLowerCase();
