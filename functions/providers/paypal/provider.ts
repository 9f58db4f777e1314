// https://developer.paypal.com/api/rest/webhooks/rest and PayPal-Python-SDK, notifications.py (signature and certificate);
// fields from paypal-rest-api-specifications: checkout_orders_v2, payments_payment_v2, customer_disputes_v1
import { verify } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as z from 'zod/mini';
import { json, part } from '../../core/inbound/body.ts';
import { type OrderEvent, reversed, type SoldLine } from '../../core/inbound/event.ts';
import type { Context, Provider } from '../../core/inbound/provider.ts';
import { Rejection } from '../../core/inbound/rejection.ts';
import * as s from '../../core/inbound/shapes.ts';
import { requireFresh, requireHeader } from '../../core/inbound/signature.ts';
import { certificates, certifiedKey } from './certificate.ts';
import { isConfirmed } from './confirm.ts';
import { Amount, buyerOf, findOrder, isSeller, linesOf, Options, Order, Payee } from './order.ts';
import { paid } from './paid.ts';

export const paypal: Provider = {
  name: 'paypal',
  buyerFromApi: true,
  apiUrl: 'https://api-m.paypal.com',
  options: Options,

  async verify({ headers, body }, context) {
    const signature = Buffer.from(requireHeader(headers, 'paypal-transmission-sig'), 'base64');
    const { 'paypal-transmission-id': id = '', 'paypal-transmission-time': time = '' } = headers;
    const address = headers['paypal-cert-url'] ?? '';
    const stale = findStale(time, context.now);
    if (stale && !context.api) throw stale;
    const { key, doubt } = await fetchKey(address, context);
    // The signing keys of the catalogue are webhook IDs; the RSA key is PayPal's.
    const content = (webhook: string) => Buffer.from(`${id}|${time}|${webhook}|${crc32(body)}`);
    const webhook = context.keys.find((one) => verify('sha256', content(one), key, signature));
    if (webhook === undefined || headers['paypal-auth-algo'] !== 'SHA256withRSA')
      throw new Rejection(
        'bad_signature',
        'the signature does not match; is the webhook ID current, and the body unchanged?',
      );
    certificates.release(address);
    for (const rejection of [doubt, stale])
      if (
        rejection &&
        !(await isConfirmed(`${rejection.code} ${address}`, { headers, body }, webhook, context))
      )
        throw rejection;
  },

  async read({ headers, body }, context) {
    const { id, event_type: type, resource, links, create_time } = json(Envelope, body);
    const urls = [headers['paypal-cert-url'], ...(links ?? []).map(({ href }) => href)];
    const test = urls.some((url) => url?.includes('sandbox.paypal.com'));
    if (type === 'CHECKOUT.ORDER.APPROVED') return [parseApproval(part(Order, resource), test)];
    if (type === 'PAYMENT.CAPTURE.COMPLETED')
      return [await parseCapture(part(Capture, resource), test, context)];
    const about = { test, at: create_time };
    if (type === 'PAYMENT.CAPTURE.REFUNDED') return parseRefund('refund', part(Refund, resource), about);
    if (type === 'PAYMENT.CAPTURE.REVERSED') return parseRefund('chargeback', part(Refund, resource), about);
    if (type.startsWith('CUSTOMER.DISPUTE.')) return parseDispute(part(Dispute, resource), about);
    if (!OTHER_MONEY.test(type)) return [];
    const { id: own = id ?? type, amount } = part(Received, resource);
    return amount && Number(amount.value) !== 0 ? [{ kind: 'ignored', id: own, type, amount, test }] : [];
  },

  idIn({ body }) {
    const { resource } = json(Captured, body);
    return orderOf(resource) ?? resource.id;
  },

  paid,
};

/** Payments of the API before Orders v2, of subscriptions and of invoices. */
const OTHER_MONEY = /^(PAYMENT\.SALE\.COMPLETED|INVOICING\.INVOICE\.PAID)$/;

/** PayPal repeats an event for three days, and it is not documented whether it signs each attempt with a new time. */
function findStale(time: string, now: number): Rejection | undefined {
  const seconds = /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(time)
    ? Math.floor(Date.parse(time) / 1000)
    : '';
  try {
    requireFresh(String(seconds), now);
    return undefined;
  } catch (error) {
    if (error instanceof Rejection) return error;
    throw error;
  }
}

/** Fetches PayPal's key. Throws before the call unless the address is PayPal's. */
async function fetchKey(address: string, context: Context) {
  const host = /^([^?#@]{1,200})\/v1\/notifications\/certs\/[\w-]{1,500}$/.exec(address)?.[1] ?? '';
  // The fake API of `npm start` returns a bare key; only the seller's own provider-keys can point to it.
  const bare = host === context.api?.url && host.startsWith('http://localhost:');
  if (bare || /^https:\/\/api(?:-m)?(?:\.sandbox)?\.paypal\.com$/.test(host))
    return await certifiedKey(address, context, { subject: SUBJECT, between: BETWEEN, root: ROOT, bare });
  throw new Rejection(
    'bad_signature',
    'the address of the certificate is not one of PayPal; expected api.paypal.com',
  );
}

/** An approved order is not paid yet. It has no lines if there are several units, since any of them may be captured. */
function parseApproval(order: Order, test: boolean): OrderEvent {
  const [unit, another] = order.purchase_units;
  const lines = unit && !another ? linesOf(unit, unit.amount) : [];
  return { kind: 'announced', id: order.id, test, amount: unit?.amount, buyer: buyerOf(order), lines };
}

/** A capture has neither buyer nor items; they come from the API, or from CHECKOUT.ORDER.APPROVED. */
async function parseCapture(
  capture: z.output<typeof Capture>,
  test: boolean,
  context: Context,
): Promise<OrderEvent> {
  const { id, amount } = capture;
  const order = orderOf(capture);
  const names = { id: order ?? id, aliases: order ? [id] : [] };
  const common = { test, placedAt: capture.create_time, amount, printed: capture.invoice_id };
  const sale = { kind: 'paid', ...names, ...common } as const;
  const found = order ? await findOrder(order, context) : undefined;
  const [only, another] = found?.purchase_units ?? [];
  const paid = found?.purchase_units.find(({ payments }) => payments.captures?.some((one) => one.id === id));
  const unit = another ? paid : only;
  const unknown: SoldLine = { sku: '', quantity: 1, held: found ? 'unknown_product' : 'no_buyer' };
  const lines = unit ? linesOf(unit, amount) : [unknown];
  const isOurs = isSeller(capture.payee ?? unit?.payee, context);
  return {
    ...sale,
    buyer: found ? buyerOf(found) : {},
    lines: isOurs ? lines : lines.map((line) => ({ ...line, held: 'wrong_payee' })),
  };
}

const orderOf = ({ supplementary_data, links }: z.output<typeof Identified>): string | undefined =>
  supplementary_data.related_ids.order_id ?? findLinkedId('checkout/orders', links);

const findLinkedId = (kind: string, links: Links) =>
  links?.map(({ href = '' }) => new RegExp(`/v2/${kind}/([\\w-]{1,100})$`).exec(href)?.[1]).find(Boolean);

interface About {
  readonly test: boolean;
  /** When PayPal made the event. */
  readonly at: string | undefined;
}

function parseRefund(
  kind: 'refund' | 'chargeback',
  { id: reversalId, status, amount, links }: z.output<typeof Refund>,
  { test, at }: About,
): OrderEvent[] {
  const id = findLinkedId('payments/captures', links);
  if (!id)
    throw new Rejection(
      'bad_body',
      'found a refund without a link to its capture; expected links with rel up',
    );
  if (kind === 'refund' && amount && Number(amount.value) === 0) return [];
  const state =
    status === 'FAILED' || status === 'CANCELLED' ? 'won' : status === 'PENDING' ? 'open' : 'done';
  const own = kind === 'refund' ? reversalId : reversalOf(id);
  return [reversed({ id, test }, own, { kind, state, part: 'partial', amount, at })];
}

/** All reversals of a capture by PayPal are one: the dispute that ends them does not name them. */
const reversalOf = (capture: string) => `reversed ${capture}`;

function parseDispute(
  { dispute_id, ...dispute }: z.output<typeof Dispute>,
  { test, at }: About,
): OrderEvent[] {
  const outcome = dispute.status === 'RESOLVED' ? (dispute.dispute_outcome.outcome_code ?? '') : '';
  const state = WON.test(outcome) ? 'won' : LOST.test(outcome) ? 'lost' : 'open';
  const reversal = { kind: 'chargeback', state, part: 'full', at } as const;
  return dispute.disputed_transactions.flatMap(({ seller_transaction_id: id }) =>
    (state === 'won' ? [dispute_id, reversalOf(id)] : [dispute_id]).map((own) =>
      reversed({ id, test }, own, reversal),
    ),
  );
}

/** PayPal itself pays the buyer for RESOLVED_WITH_PAYOUT. */
const WON = /^(RESOLVED_SELLER_FAVOUR|CANCELED_BY_BUYER|DENIED|RESOLVED_WITH_PAYOUT)$/;
const LOST = /^(RESOLVED_BUYER_FAVOUR|ACCEPTED)$/;
/** The rule of PayPal-Java-SDK, SSLUtil.java. */
const SUBJECT = /^CN=messageverificationcerts[\w.]*\.paypal\.com$/m;
/** PayPal sends its certificate alone, so these are the intermediates: DigiCert SHA2 Extended Validation Server CA, EV RSA CA G2. */
const BETWEEN = [
  'MIIEtjCCA56gAwIBAgIQDHmpRLCMEZUgkmFf4msdgzANBgkqhkiG9w0BAQsFADBsMQswCQYDVQQGEwJVUzEVMBMGA1UEChMMRGlnaUNlcnQgSW5jMRkwFwYDVQQLExB3d3cuZGlnaWNlcnQuY29tMSswKQYDVQQDEyJEaWdpQ2VydCBIaWdoIEFzc3VyYW5jZSBFViBSb290IENBMB4XDTEzMTAyMjEyMDAwMFoXDTI4MTAyMjEyMDAwMFowdTELMAkGA1UEBhMCVVMxFTATBgNVBAoTDERpZ2lDZXJ0IEluYzEZMBcGA1UECxMQd3d3LmRpZ2ljZXJ0LmNvbTE0MDIGA1UEAxMrRGlnaUNlcnQgU0hBMiBFeHRlbmRlZCBWYWxpZGF0aW9uIFNlcnZlciBDQTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBANdTpARR+JmmFkhLZyeqk0nQOe0MsLAAh/FnKIaFjI5j2ryxQDji0/XspQUYuD0+xZkXMuwYjPrxDKZkIYXLBxA0sFKIKx9om9KxjxKws9LniB8f7zh3VFNfgHk/LhqqqB5LKw2rt2O5Nbd9FLxZS99RStKh4gzikIKHaq7q12TWmFXo/a8aUGxUvBHy/Urynbt/DvTVvo4WiRJV2MBxNO723C3sxIclho3YIeSwTQyJ3DkmF93215SF2AQhcJ1vb/9cuhnhRctWVyh+HA1BV6q3uCe7seT6Ku8hI3UarS2bhjWMnHe1c63YlC3k8wyd7sFOYn4XwHGeLN7x+RAoGTMCAwEAAaOCAUkwggFFMBIGA1UdEwEB/wQIMAYBAf8CAQAwDgYDVR0PAQH/BAQDAgGGMB0GA1UdJQQWMBQGCCsGAQUFBwMBBggrBgEFBQcDAjA0BggrBgEFBQcBAQQoMCYwJAYIKwYBBQUHMAGGGGh0dHA6Ly9vY3NwLmRpZ2ljZXJ0LmNvbTBLBgNVHR8ERDBCMECgPqA8hjpodHRwOi8vY3JsNC5kaWdpY2VydC5jb20vRGlnaUNlcnRIaWdoQXNzdXJhbmNlRVZSb290Q0EuY3JsMD0GA1UdIAQ2MDQwMgYEVR0gADAqMCgGCCsGAQUFBwIBFhxodHRwczovL3d3dy5kaWdpY2VydC5jb20vQ1BTMB0GA1UdDgQWBBQ901Cl1qCt7vNKYApl0yHU+PjWDzAfBgNVHSMEGDAWgBSxPsNpA/i/RwHUmCYaCALvY2QrwzANBgkqhkiG9w0BAQsFAAOCAQEAnbbQkIbhhgLtxaDwNBx0wY12zIYKqPBKikLWP8ipTa18CK3mtlC4ohpNiAexKSHc59rGPCHg4xFJcKx6HQGkyhE6V6t9VypAdP3THYUYUN9XR3WhfVUgLkc3UHKMf4Ib0mKPLQNa2sPIoc4sUqIAY+tzunHISScjl2SFnjgOrWNoPLpSgVh5oywM395t6zHyuqB8bPEs1OG9d4Q3A84ytciagRpKkk47RpqF/oOi+Z6Mo8wNXrM9zwR4jxQUezKcxwCmXMS1oVWNWlZopCJwqjyBcdmdqEU79OX2olHdx3ti6G8MdOu42vi/hw15UJGQmxg7kVkn8TUoE6smftX3eg==',
  'MIIFPDCCBCSgAwIBAgIQAWePH++IIlXYsKcOa3uyIDANBgkqhkiG9w0BAQsFADBhMQswCQYDVQQGEwJVUzEVMBMGA1UEChMMRGlnaUNlcnQgSW5jMRkwFwYDVQQLExB3d3cuZGlnaWNlcnQuY29tMSAwHgYDVQQDExdEaWdpQ2VydCBHbG9iYWwgUm9vdCBHMjAeFw0yMDA3MDIxMjQyNTBaFw0zMDA3MDIxMjQyNTBaMEQxCzAJBgNVBAYTAlVTMRUwEwYDVQQKEwxEaWdpQ2VydCBJbmMxHjAcBgNVBAMTFURpZ2lDZXJ0IEVWIFJTQSBDQSBHMjCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAK0eZsx/neTrf4MXJz0R2fJTIDfN8AwUAu7hy4gI0vp7O8LAAHx2h3bbf8wl+pGMSxaJK9ffDDCD63FqqFBqE9eTmo3RkgQhlu55a04LsXRLcK6crkBOO0djdonybmhrfGrtBqYvbRatxenkv0Sg4frhRl4wYh4dnW0LOVRGhbt1G5Q19zm9CqMlq7LlUdAE+6d3a5++ppfGcnWLmbEVEcLHPAnbl+/iKauQpQlU1Mi+wEBnjE5tK8Q778naXnF+DsedQJ7NEi+bQoonTHEz9ryeEcUHuQTv7nApa/zCqes5lXn1pMs4LZJ3SVgbkTLj+RbBov/uiwTXtkBEWawvZH8CAwEAAaOCAgswggIHMB0GA1UdDgQWBBRqTlC/mGidW3sgddRZAXlIZpIyBjAfBgNVHSMEGDAWgBROIlQgGJXm427mD/r6uRLtBhePOTAOBgNVHQ8BAf8EBAMCAYYwHQYDVR0lBBYwFAYIKwYBBQUHAwEGCCsGAQUFBwMCMBIGA1UdEwEB/wQIMAYBAf8CAQAwNAYIKwYBBQUHAQEEKDAmMCQGCCsGAQUFBzABhhhodHRwOi8vb2NzcC5kaWdpY2VydC5jb20wewYDVR0fBHQwcjA3oDWgM4YxaHR0cDovL2NybDMuZGlnaWNlcnQuY29tL0RpZ2lDZXJ0R2xvYmFsUm9vdEcyLmNybDA3oDWgM4YxaHR0cDovL2NybDQuZGlnaWNlcnQuY29tL0RpZ2lDZXJ0R2xvYmFsUm9vdEcyLmNybDCBzgYDVR0gBIHGMIHDMIHABgRVHSAAMIG3MCgGCCsGAQUFBwIBFhxodHRwczovL3d3dy5kaWdpY2VydC5jb20vQ1BTMIGKBggrBgEFBQcCAjB+DHxBbnkgdXNlIG9mIHRoaXMgQ2VydGlmaWNhdGUgY29uc3RpdHV0ZXMgYWNjZXB0YW5jZSBvZiB0aGUgUmVseWluZyBQYXJ0eSBBZ3JlZW1lbnQgbG9jYXRlZCBhdCBodHRwczovL3d3dy5kaWdpY2VydC5jb20vcnBhLXVhMA0GCSqGSIb3DQEBCwUAA4IBAQBSMgrCdY2+O9spnYNvwHiG+9lCJbyELR0UsoLwpzGpSdkHD7pVDDFJm3//B8Es+17T1o5Hat+HRDsvRr7d3MEyo9iXkkxLhKEgApA2Ft2eZfPrTolc95PwSWnn3FZ8BhdGO4brTA4+zkPSKoMXi/X+WLBNN29Z/nbCS7H/qLGt7gViEvTIdU8x+H4l/XigZMUDaVmJ+B5d7cwSK7yOoQdfoIBGmA5Mp4LhMzo52rf//kXPfE3wYIZVHqVuxxlnTkFYmffCX9/Lon7SWaGdg6Rck4RHhHLWtmz2lTZ5CEo2ljDsGzCFGJP7oT4q6Q8oFC38irvdKIJ95cUxYzj4tnOI',
];

const Links = s.maybe(z.array(s.loose({ href: s.text })));
type Links = z.output<typeof Links>;
const Envelope = z.object({
  id: s.text,
  event_type: z.string(),
  resource: z.unknown(),
  links: Links,
  create_time: s.maybe(s.timestamp),
});
const Identified = z.object({
  id: s.pathId,
  links: Links,
  supplementary_data: s.loose({ related_ids: s.loose({ order_id: s.maybe(s.pathId) }) }),
});
const Captured = z.object({ event_type: z.literal('PAYMENT.CAPTURE.COMPLETED'), resource: Identified });
const Capture = z.object({
  ...Identified.shape,
  amount: Amount,
  create_time: s.maybe(s.timestamp),
  invoice_id: s.printed,
  payee: Payee,
});
const Refund = z.object({ id: s.pathId, status: s.text, amount: Amount, links: Links });
const Dispute = z.object({
  dispute_id: s.pathId,
  status: s.text,
  dispute_outcome: s.loose({ outcome_code: s.text }),
  disputed_transactions: z.array(z.object({ seller_transaction_id: s.pathId })),
});
const OldAmount = z.pipe(
  z.object({ total: s.decimal, currency: s.currency }),
  z.transform(({ total: value, currency }) => ({ value, currency })),
);
/** The API before Orders v2 names the fields of an amount otherwise, and an invoice states it deeper. */
const Received = z.pipe(
  s.loose({
    id: s.text,
    amount: s.maybe(z.union([OldAmount, Amount])),
    invoice: s.loose({ id: s.text, amount: Amount }),
  }),
  z.transform(({ id, amount, invoice }) => ({ id: id ?? invoice.id, amount: amount ?? invoice.amount })),
);

/** DigiCert High Assurance EV Root CA, valid until 2031: PayPal's certificates chain to it, and Node 24 no longer lists it. */
export const ROOT =
  'MIIDxTCCAq2gAwIBAgIQAqxcJmoLQJuPC3nyrkYldzANBgkqhkiG9w0BAQUFADBsMQswCQYDVQQGEwJVUzEVMBMGA1UEChMMRGlnaUNlcnQgSW5jMRkwFwYDVQQLExB3d3cuZGlnaWNlcnQuY29tMSswKQYDVQQDEyJEaWdpQ2VydCBIaWdoIEFzc3VyYW5jZSBFViBSb290IENBMB4XDTA2MTExMDAwMDAwMFoXDTMxMTExMDAwMDAwMFowbDELMAkGA1UEBhMCVVMxFTATBgNVBAoTDERpZ2lDZXJ0IEluYzEZMBcGA1UECxMQd3d3LmRpZ2ljZXJ0LmNvbTErMCkGA1UEAxMiRGlnaUNlcnQgSGlnaCBBc3N1cmFuY2UgRVYgUm9vdCBDQTCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAMbM5XPm+9S75S0tMqbf5YE/yc0lSbZxKsPVlDRnogocsF9ppkCxxLeyj9CYpKlBWTrT3JTWPNt0OKRKzE0lgvdKpVMSOO7zSW1xkX5jtqumX8OkhPhPYlG++MXs2ziS4wblCJEMxChBVfvLWokVfnHoNb9Ncgk9vjo4UFt3MRuNs8ckRZqnrG0AFFoEt7oT61EKmEFBIk5lYYeBQVCmeVyJ3hlKV9Uu5l0cUyx+mM0aBhakaHPQNAQTXKFx01p8VdteZOE3hzBWBOURtCmAEvF5OYiiAhF8J2a3iLd48soKqDirCmTCv2ZdlYTBoSUeh10aUAsgEsxBu24LUTi4S8sCAwEAAaNjMGEwDgYDVR0PAQH/BAQDAgGGMA8GA1UdEwEB/wQFMAMBAf8wHQYDVR0OBBYEFLE+w2kD+L9HAdSYJhoIAu9jZCvDMB8GA1UdIwQYMBaAFLE+w2kD+L9HAdSYJhoIAu9jZCvDMA0GCSqGSIb3DQEBBQUAA4IBAQAcGgaX3NecnzyIZgYIVyHbIUf4KmeqvxgydkAQV8GK83rZEWWONfqe/EW1ntlMMUu4kehDLI6zeM7b41N5cdblIZQB2lWHmiRk9opmzN6cN82oNLFpmyPInngiK3BD41VHMWEZ71jFhS9OMPagMRYjyOfiZRYzy78aG6A9+MpeizGLYAiJLQwGXFK3xPkKmNEVX58Svnw2Yzi9RKR/5CYrCsSXaQ3pjOLAEFe4yHYSkVXySGnYvCoCWw9E1CAx2/S6cCZdkGCevEsXCS+0yx5DaMkHJ8HSXPfqIbloEpw8nL+e/IBcm2PN7EeqJSdnoDfzAIJ9VNep+OkuE6N36B9K';
