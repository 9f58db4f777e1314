/** Validates the certificate of a signed notification: RFC 5280 6.1 without revocation, policies and name constraints. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { Context } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import { limited } from './limited.ts';

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

interface Rules {
  readonly subject: RegExp;
  /** DER in base64, like `root`. */
  readonly between: readonly string[];
  readonly root: string;
  /** True if the address may return a bare public key. */
  readonly bare?: boolean | undefined;
}

/** The key of a certificate, and its issuer if it does not chain to a known authority. */
interface Certified {
  readonly key: KeyObject;
  readonly leaf?: X509Certificate | undefined;
  readonly issuer?: string | undefined;
}

/** Certificates by address. Callers pass the provider's own addresses only. */
export const certificates = limited<Certified>();

/**
 * Returns the RSA key of the certificate at `address`, which is fetched once. Throws `bad_signature` if there is none of
 * the right subject. Adds a doubt if it is expired, or does not chain to `root` or a root of Node, through the
 * certificates sent with it or `between`.
 */
export async function certifiedKey(
  address: string,
  { ask, now }: Pick<Context, 'ask' | 'now'>,
  rules: Rules,
): Promise<{ readonly key: KeyObject; readonly doubt?: Rejection | undefined }> {
  const found = await certificates.find(address, now, () => fetchCertificate(address, { ask, now }, rules));
  if (!found) throw unproven("found no certificate of the provider's subject at the address in the header");
  const { key, leaf, issuer } = found;
  if (leaf && !isCurrent(leaf, now))
    return { key, doubt: unproven('the certificate is expired or not valid yet') };
  if (issuer === undefined) return { key };
  return {
    key,
    doubt: unproven(`the certificate does not chain to a known authority; its issuer is ${issuer}`),
  };
}

async function fetchCertificate(
  address: string,
  { ask, now }: Pick<Context, 'ask' | 'now'>,
  { subject, between, root, bare }: Rules,
): Promise<Certified | undefined> {
  try {
    const pem = await ask(address);
    if (bare && pem.startsWith('-----BEGIN PUBLIC KEY-----')) return { key: createPublicKey(pem) };
    const [leaf, ...sent] = (pem.match(PEM) ?? []).map((one) => new X509Certificate(one));
    if (!leaf || !subject.test(leaf.subject) || leaf.publicKey.asymmetricKeyType !== 'rsa') return undefined;
    const ofDer = (der: string) => new X509Certificate(Buffer.from(der, 'base64'));
    const trusted = [ofDer(root), ...rootCertificates.map((one) => new X509Certificate(one))];
    const isTrusted = chainsTo(trusted, leaf, [...sent, ...between.map(ofDer)], now);
    return { key: leaf.publicKey, leaf, issuer: isTrusted ? undefined : leaf.issuer.split('\n').at(-1) };
  } catch (error) {
    if (error instanceof Rejection && error.code !== 'provider_refused') throw error;
    return undefined;
  }
}

/** True if `one` chains to a trusted certificate: each is valid now and signed by a certificate authority. */
function chainsTo(
  trusted: readonly X509Certificate[],
  one: X509Certificate,
  others: readonly X509Certificate[],
  now: number,
): boolean {
  const signed = (by: X509Certificate) =>
    by.ca && isCurrent(by, now) && one.checkIssued(by) && one.verify(by.publicKey);
  if (trusted.some(signed)) return true;
  return others.some((next) => {
    const rest = others.filter((other) => other !== next);
    return signed(next) && chainsTo(trusted, next, rest, now);
  });
}

const isCurrent = ({ validFrom, validTo }: X509Certificate, now: number): boolean =>
  Date.parse(validFrom) <= now && now <= Date.parse(validTo);

const unproven = (why: string) => new Rejection('bad_signature', why);
