/** X.509 as far as a signed notification needs it: RFC 5280 6.1, without revocation, policies and name constraints. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import type { Context } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';

const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** By address; whoever asks has made sure that it is the provider's own, so there are few. */
const kept = new Map<string, X509Certificate>();

/**
 * The RSA key of the certificate at `address`, fetched once. Throws `bad_signature` where it has another subject, is out of
 * its dates, or leads to neither `root` nor anybody whom Node trusts: over what stands behind it, or over `between`. Both are DER in base64.
 */
export async function certifiedKey(
  address: string,
  { ask, now }: Pick<Context, 'ask' | 'now'>,
  rules: { readonly subject: RegExp; readonly between: readonly string[]; readonly root: string },
): Promise<KeyObject> {
  const known = kept.get(address);
  const [leaf, ...behind] = known ? [known] : await fetched(address, ask);
  if (!leaf || !rules.subject.test(leaf.subject) || leaf.publicKey.asymmetricKeyType !== 'rsa')
    throw unproven("the certificate is not the provider's");
  if (!isCurrent(leaf, now)) throw unproven('the certificate is out of its dates');
  if (known) return known.publicKey;
  const between = rules.between.map((der) => new X509Certificate(Buffer.from(der, 'base64')));
  const own = new X509Certificate(Buffer.from(rules.root, 'base64'));
  const trusted = [own, ...rootCertificates.map((root) => new X509Certificate(root))];
  if (!leadsTo(trusted, leaf, [...behind, ...between], now))
    throw unproven(`nobody known vouches for the certificate; it names ${leaf.issuer.split('\n').at(-1)}`);
  kept.set(address, leaf);
  return leaf.publicKey;
}

async function fetched(address: string, ask: Context['ask']): Promise<X509Certificate[]> {
  try {
    return ((await ask(address)).match(PEM) ?? []).map((one) => new X509Certificate(one));
  } catch (error) {
    if (error instanceof Rejection && error.code !== 'provider_refused') throw error;
    throw unproven('there is no certificate at the address that is named');
  }
}

/** Everyone on the way is current, and signed by the next, who may sign. */
function leadsTo(
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
    return signed(next) && leadsTo(trusted, next, rest, now);
  });
}

const isCurrent = ({ validFrom, validTo }: X509Certificate, now: number): boolean =>
  Date.parse(validFrom) <= now && now <= Date.parse(validTo);

const unproven = (why: string) => new Rejection('bad_signature', why);
