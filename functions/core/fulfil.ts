import { createHash } from 'node:crypto';
import { type OrderEvent, type Unreadable, unparsedEvent } from './inbound/event.ts';
import type { Context, Provider } from './inbound/provider.ts';
import { Rejection, reasonOf } from './inbound/rejection.ts';
import type { WebhookRequest } from './inbound/request.ts';
import type { Claim } from './order/order.ts';
import { withSerials } from './serial/lines.ts';
import type { World } from './world.ts';

/**
 * The way of an order. README shows these lines, and a test keeps the two equal. An event that fails does not keep the
 * others from being recorded. It is thrown at the end, and only the events before it are answered as done.
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
      const order = withSerials(world, event, await world.keys()); //  2 encrypt
      const claim = await world.record(order); //                      3 record
      if (claim.mailIsOurs) await world.mail(claim.order); //          4 mail
      if (failures.length === 0) yield claim;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Under the keys at hand; and once more under newer ones, if there are any and the signature fits none of these. */
async function verify(world: World, provider: Provider, request: WebhookRequest): Promise<Context> {
  const context = await world.context();
  try {
    await provider.verify(request, context);
    return context;
  } catch (error) {
    const unexplained = error instanceof Rejection && error.code === 'bad_signature';
    const newer = unexplained ? await world.refreshedContext() : undefined;
    if (!newer) throw error;
    await provider.verify(request, newer);
    return newer;
  }
}

/**
 * What of the request concerns us. What is authentic and cannot be read is held with its bytes, whatever the reason;
 * only where the provider's own API did not answer is it better to hear of it again.
 */
async function read(
  world: World,
  provider: Provider,
  request: WebhookRequest,
  context: Context,
): Promise<readonly (OrderEvent | Unreadable)[]> {
  try {
    const events = await provider.read(request, context);
    const ours = events.flatMap((event) => concern(world, event));
    if (ours.length === 0) world.report('ignored', { provider: world.provider, events: events.length });
    return ours;
  } catch (error) {
    if (error instanceof Rejection && error.code === 'provider_unavailable') throw error;
    world.report('failed', { provider: world.provider, step: 'read', why: reasonOf(error) });
    return [
      {
        kind: 'unreadable',
        id: createHash('sha256').update(request.query).update(request.body).digest('hex'),
      },
    ];
  }
}

/** The event without the lines that the seller ignores; nothing if none is left, or if tests are ignored. */
export function concern(
  { catalogue, provider }: Pick<World, 'catalogue' | 'provider'>,
  event: OrderEvent,
): OrderEvent[] {
  const settings = catalogue.providers[provider];
  if (event.test && settings?.testOrders !== 'seller') return [];
  if (event.kind === 'reversed' || event.lines.length === 0) return [event];
  const lines = event.lines.filter(({ sku }) => !settings?.ignore?.includes(sku));
  if (lines.length > MOST_LINES || lines.some(({ quantity }) => quantity > MOST_COPIES)) {
    const error = new Rejection('bad_body', 'more lines, or copies of one, than anybody orders');
    if (event.event === undefined) throw error;
    return [unparsedEvent(event.event, event.test, error)];
  }
  return lines.length > 0 ? [{ ...event, lines }] : [];
}

/** More might not fit into an item of the table, 400 KB, and could never be kept. */
const MOST_LINES = 100;
const MOST_COPIES = 1_000_000;
