/** Validates the certificate of a signed notification: RFC 5280 6.1 without revocation, policies and name constraints. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { Context } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** Certificates by address. Callers pass the provider's own addresses only, so the map stays small. */
const cache = new Map<string, X509Certificate>();

/**
 * Returns the RSA key of the certificate at `address`, which is fetched once. Throws `bad_signature` if it has another
 * subject, is expired, or does not chain to `root` or a root of Node, through the certificates sent with it or
 * `between`. `root` and `between` are DER in base64.
 */
export async function certifiedKey(
  address: string,
  { ask, now }: Pick<Context, 'ask' | 'now'>,
  rules: { readonly subject: RegExp; readonly between: readonly string[]; readonly root: string },
): Promise<KeyObject> {
  const cached = cache.get(address);
  const [leaf, ...sent] = cached ? [cached] : await fetchCertificates(address, ask);
  if (!leaf || !rules.subject.test(leaf.subject) || leaf.publicKey.asymmetricKeyType !== 'rsa')
    throw unproven("the certificate has another subject than the provider's");
  if (!isCurrent(leaf, now)) throw unproven('the certificate is expired or not valid yet');
  if (cached) return cached.publicKey;
  const between = rules.between.map((der) => new X509Certificate(Buffer.from(der, 'base64')));
  const own = new X509Certificate(Buffer.from(rules.root, 'base64'));
  const trusted = [own, ...rootCertificates.map((root) => new X509Certificate(root))];
  if (!chainsTo(trusted, leaf, [...sent, ...between], now))
    throw unproven(
      `the certificate does not chain to a known authority; its issuer is ${leaf.issuer.split('\n').at(-1)}`,
    );
  cache.set(address, leaf);
  return leaf.publicKey;
}

async function fetchCertificates(address: string, ask: Context['ask']): Promise<X509Certificate[]> {
  try {
    return ((await ask(address)).match(PEM) ?? []).map((one) => new X509Certificate(one));
  } catch (error) {
    if (error instanceof Rejection && error.code !== 'provider_refused') throw error;
    throw unproven('found no certificate at the address in the header');
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
