import { type OrderEvent, unparsedEvent } from './inbound/event.ts';
import type { Context, Provider } from './inbound/provider.ts';
import { Rejection, reasonOf } from './inbound/rejection.ts';
import { hashOf, type WebhookRequest } from './inbound/request.ts';
import type { Claim } from './order/types.ts';
import { withSerials } from './serial/lines.ts';
import type { World } from './world.ts';

/**
 * The order pipeline. docs/how-it-works.md shows these lines, and a test keeps the two equal. A failing event does not stop the
 * others from being recorded. Its error is thrown at the end, and only the claims before it are yielded as done.
 */
export async function* fulfil(
  world: World,
  provider: Provider,
  request: WebhookRequest,
): AsyncGenerator<Claim> {
  const context = await verify(world, provider, request); //           1 verify
  const failures: unknown[] = [];
  for (const event of await read(world, provider, request, context)) {
    try {
      const sale = await withSerials(world, event); //                 2 encrypt
      const claim = await world.record(sale); //                       3 record
      if (claim.mail) await world.mail(claim.mail); //                 4 mail
      if (failures.length === 0) yield claim;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/**
 * Verifies with the cached keys. If none of them matches, the seller may have replaced a key: fetches the keys again and tries once
 * more. Throws `no_signing_key` or the provider's rejection.
 */
async function verify(world: World, provider: Provider, request: WebhookRequest): Promise<Context> {
  const context = await world.context();
  requireKey(provider, world.provider, context);
  try {
    await provider.verify(request, context);
    return context;
  } catch (error) {
    const isUnexplained = error instanceof Rejection && error.code === 'bad_signature';
    const newer = isUnexplained ? await world.refreshedContext() : undefined;
    if (!newer) throw error;
    await provider.verify(request, newer);
    return newer;
  }
}

/** Throws `no_signing_key`. */
export function requireKey({ keyless, channel }: Provider, name: string, { keys }: Context): void {
  if (keys.length > 0 || keyless || channel === 'mail') return;
  throw new Rejection(
    'no_signing_key',
    `found no signing key; store it with \`npm run keypost -- keys set ${name}\``,
  );
}

/**
 * Parses the request into events. An authentic but unparseable request is held with its raw body. If the provider's
 * own API is unavailable the error is thrown, so that the provider sends the request again.
 */
async function read(
  world: World,
  provider: Provider,
  request: WebhookRequest,
  context: Context,
): Promise<readonly OrderEvent[]> {
  const events = await parse(world, provider, request, context);
  const [event, ...others] = events;
  if (!event || !('lines' in event) || others.length > 0) return events;
  if (orderIn(provider, request, context) !== undefined) return events;
  // If a person has already made an order of this request, when it could not be parsed, the sale takes the ID of that order. If the
  // table does not answer, the error is thrown, so that the provider sends the request again.
  const id = await world.findReleased(hashOf(request));
  return id === undefined ? events : [{ ...event, id, aliases: [event.id, ...(event.aliases ?? [])] }];
}

async function parse(
  world: World,
  provider: Provider,
  request: WebhookRequest,
  context: Context,
): Promise<readonly OrderEvent[]> {
  try {
    const all = await provider.read(request, context);
    const events = all.flatMap((event) => filterIgnored(world, event));
    if (events.length === 0) world.report('ignored', { provider: world.provider, events: all.length });
    return events;
  } catch (error) {
    if (error instanceof Rejection && error.code === 'provider_unavailable') throw error;
    const why = reasonOf(error);
    const reason = error instanceof Rejection && error.code === 'mail_changed' ? error.code : undefined;
    world.report(reason ?? 'failed', { provider: world.provider, step: 'read', why });
    const id = orderIn(provider, request, context) ?? hashOf(request);
    return [{ kind: 'unreadable', id, test: false, reason, why }];
  }
}

/** Returns the ID of the order if it can be found, so that all unparseable notifications of one order are one held item. */
function orderIn(provider: Provider, request: WebhookRequest, context: Context): string | undefined {
  try {
    return provider.idIn?.(request, context);
  } catch {
    return undefined;
  }
}

/**
 * Returns the event without ignored lines; an empty list if no line is left or if test orders are ignored. An event of a batch with
 * too many lines or copies becomes an unreadable one; any other such event throws `bad_body`.
 */
export function filterIgnored(
  { catalogue, provider }: Pick<World, 'catalogue' | 'provider'>,
  event: OrderEvent,
): OrderEvent[] {
  const settings = catalogue.providers[provider];
  if (event.test && settings?.testOrders !== 'seller') return [];
  if (!('lines' in event) || event.lines.length === 0) return [event];
  const lines = event.lines.filter(({ sku }) => !settings?.ignore?.includes(sku));
  if (lines.length > MAX_LINES || lines.some(({ quantity }) => quantity > MAX_COPIES)) {
    const limits = `at most ${MAX_LINES} lines of ${MAX_COPIES} copies`;
    const error = new Rejection('bad_body', `the order has more lines or copies than expected: ${limits}`);
    if (event.event === undefined) throw error;
    return [unparsedEvent(event.event, event.test, error, event.id)];
  }
  return lines.length > 0 ? [{ ...event, lines }] : [];
}

/** A larger order may exceed the table's limit of 400 KB for an item, and could never be stored. `settle.ts` limits a stored order. */
const MAX_LINES = 100;
const MAX_COPIES = 1_000_000;
