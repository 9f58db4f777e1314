/** The operator: each manual action through the functions of its command, repeated until it succeeds. */
import { fixedSecret } from '../../../functions/aws/secrets.ts';
import {
  ownEvents,
  recordEvents,
  releaseUnreadable,
  reread,
  saleIn,
} from '../../../functions/core/inbound/reread.ts';
import { issueManually, reissueLines, transferOrder } from '../../../functions/core/operator/issue.ts';
import { type Corrections, releaseOrder } from '../../../functions/core/operator/release.ts';
import { change } from '../../../functions/core/order/change.ts';
import { isInForce, toAt } from '../../../functions/core/order/due.ts';
import { basis, erase, importLine, type Result, resend } from '../../../functions/core/order/manual.ts';
import { emptyOrder } from '../../../functions/core/order/settle.ts';
import type { Order } from '../../../functions/core/order/types.ts';
import { asOrder, view } from '../../../functions/core/order/view.ts';
import type { OperatorPorts, Store } from '../../../functions/core/world.ts';
import { askApi } from '../aws/calls.ts';
import type { keysFor } from '../aws/secrets.ts';
import { isDescribable, isSale, type OrderScript } from '../script/order-script.ts';
import { reasonsFor } from '../script/reasons.ts';
import { heldKeyOf, providers } from '../script/requests.ts';
import { catalogue, expectedSerial } from '../world/catalogue.ts';
import type { Sim } from '../world/sim.ts';
import type { Aws } from '../world/world.ts';
import { nowOf, type Process, processOf } from './process.ts';

const LATER_MS = 60_000;
const CALL_MS = 3_000;
const BY = { who: 'operator', why: null };

/** The actions on one order, in the order of the report. */
export const ACTIONS = [
  'release',
  're-read',
  'reissue',
  'resend',
  'issue',
  'transfer',
  'erase',
  'import',
] as const;
export type Action = (typeof ACTIONS)[number];
export type Operator = (script: OrderScript, action: Action) => void;

/** The first letter of the process of a person. */
export const PERSON = 'd';

export function operatorOf(sim: Sim, aws: Aws, { products, signing }: ReturnType<typeof keysFor>): Operator {
  const portsOf = (process: Process, store: Store): OperatorPorts => ({
    ...{ catalogue, providers, store, report: () => undefined },
    ...{ providerKeys: fixedSecret(signing()), productKeys: fixedSecret(products()) },
    ask: () => askApi(sim, process),
    now: () => nowOf(sim, process),
  });

  /** Returns a function that returns the order after the action, or why the action changes nothing. */
  async function decided(script: OrderScript, action: Action, seen: Order | undefined, ports: OperatorPorts) {
    type Step = (order: Order) => Result | ReturnType<typeof reissueLines | typeof importLine>;
    const known = (step: Step) => (order: Order | undefined) =>
      order ? step(order) : ('unchanged' as const);
    const inputs = { catalogue, keys: await ports.productKeys.read() };
    const now = ports.now();
    switch (action) {
      case 'release':
      case 're-read': {
        // An order that `reconcile` found has no notification to read.
        const isReadable = action === 're-read' && seen?.raw?.method === 'POST';
        const events = isReadable && seen?.raw ? await reread(ports, seen.raw) : [];
        return known((order) =>
          order.heldAt
            ? releaseOrder(inputs, order, correctionsOf(script, order), saleIn(ports, order, events), BY, now)
            : 'unchanged',
        );
      }
      case 'resend':
        return known((order) => resend(order, undefined, BY, now));
      case 'reissue': {
        const name =
          seen?.audit.at(-1)?.after.licensee === newName(script) ? goodName(script) : newName(script);
        return known((order) => reissueLines(inputs, order, { name, isChosen: () => true }, BY, now));
      }
      case 'transfer':
        return known((order) =>
          order.lines.every(({ state }) => state === 'issued')
            ? transferOrder(inputs, order, ownerAfter(script), BY, now)
            : 'unchanged',
        );
      case 'erase':
        return known((order) => erase(order, BY, now));
      case 'import':
        return (order: Order | undefined = emptyOrder(script.key, script.provider, false, now)) =>
          importLine(order, importedLine(script), { paidAt: toAt(now), buyer: script.buyer }, BY, now);
      case 'issue': {
        const { id, licensee: name = '', buyer } = script;
        const gift = { id, products: ['widget'], name, email: buyer.email ?? '', quantity: 1 };
        return (order: Order | undefined) =>
          order ? ('unchanged' as const) : issueManually(inputs, gift, BY, now);
      }
    }
  }

  /** Acts on notifications of the order that could not be parsed. Returns true if one was held. */
  async function actOnUnreadable(script: OrderScript, action: Action, ports: OperatorPorts) {
    const { store } = ports;
    for (const key of new Set(script.unreadable && script.facts.filter(isSale).map(heldKeyOf))) {
      const item = await store.get(key);
      if (item?.kind !== 'unreadable' || item.state !== 'held' || !item.raw) continue;
      const raws = [item.raw, ...(item.later ?? [])];
      if (action === 'release') {
        const corrections = { ...correctionsOf(script, asOrder(item)), ...describedBy(script) };
        const inputs = { catalogue, keys: await ports.productKeys.read() };
        await releaseUnreadable(ports, item, script.id, (order) => {
          const made = releaseOrder(inputs, order, corrections, undefined, BY, ports.now());
          return typeof made === 'string' ? undefined : made;
        });
      } else {
        const all = (await Promise.all(raws.map((raw) => reread(ports, raw)))).flat();
        const events = ownEvents(ports, item, item.raw, all);
        if (events.some(({ kind }) => kind === 'unreadable')) throw new Error('the parser is not fixed yet');
        await recordEvents(ports, item, item.raw, events, BY);
      }
      sim.count(`by a person: ${action}`);
    }
  }

  async function act(script: OrderScript, action: Action): Promise<void> {
    const process = processOf(sim, PERSON);
    process.verified = true;
    process.ends.push(() => later(script, action));
    const ports = portsOf(
      process,
      aws.storeOf(process, () => CALL_MS),
    );
    const { store } = ports;
    try {
      if (action === 're-read' || (action === 'release' && isDescribable(script)))
        await actOnUnreadable(script, action, ports);
      const item = await store.get(script.key);
      const seen = item?.kind === 'order' ? item : undefined;
      const isNew = action === 'import' || action === 'issue';
      if (!isNew && (!seen || (action !== 'erase' && !isInForce(seen)))) return;
      const decide = await decided(script, action, seen, ports);
      const { changed } = await change(store, script.key, item, (found) => {
        // The person looks again if another change came first.
        if (found && seen && basis(found) !== basis(seen)) throw new Error('the order has changed');
        const result = decide(found);
        return typeof result !== 'string' && 'key' in result ? result : undefined;
      });
      if (changed) sim.count(`by a person: ${action}`);
    } catch {
      // The operator retries after any failure.
      later(script, action);
    } finally {
      process.ends.length = 0;
    }
  }
  const later = (script: OrderScript, action: Action) =>
    sim.clock.at(sim.clock.now + LATER_MS, () => start(script, action));
  const start = (script: OrderScript, action: Action) => {
    act(script, action).catch((error: unknown) =>
      sim.violation('a manual action does not fail', String(error)),
    );
  };
  return start;
}

export const goodName = ({ id }: OrderScript): string => `Known ${id}`.trim();
export const newName = ({ id }: OrderScript): string => `Renamed ${id}`.trim();

/** The person to whom the licence passes. */
export const ownerAfter = (script: OrderScript) => ({
  name: `Owner ${script.id}`.trim(),
  email: addressOf('moved', script),
});

/** An ID may have blanks, which an address may not. */
export const addressOf = (what: string, { id }: OrderScript) =>
  `${what}-${id.replaceAll(/\W/g, '-')}@example.com`;

/** A serial of an earlier store, made with the first key or by an older scheme. */
export function importedLine({ licensee = '', acts, id }: OrderScript) {
  const line = { sku: 'widget', product: 'widget', quantity: 1, licensee };
  if (acts.import === 'unverified')
    return { ...line, keyVersion: null, unverified: true, serial: `AS-ISSUED ${id}` } as const;
  return { ...line, keyVersion: 1, serial: expectedSerial('widget', 1, licensee) ?? '' };
}

/** What a person types of an order that cannot be parsed. */
const describedBy = (script: OrderScript) => ({
  name: script.licensee ?? goodName(script),
  email: script.buyer.email?.startsWith('no-address') ? addressOf('mended', script) : script.buyer.email,
  products: new Map(script.lines.map(({ sku }) => [sku, 'widget'])),
});

/** Changes the address only if it is wrong, because a new address resends all serials of the order. */
function correctionsOf(script: OrderScript, order: Order): Corrections {
  const reasons = script.lines.flatMap((line) => reasonsFor(script, line));
  const { held } = view(order);
  const wrong = reasons.includes('bad_address') || held.includes('mail_refused') || held.includes('bounced');
  const unknown = script.lines.filter(({ sku }) => sku.startsWith('unlisted'));
  return {
    name: script.licensee === undefined ? goodName(script) : undefined,
    email: wrong ? addressOf('mended', script) : undefined,
    products: new Map(unknown.map(({ sku }) => [sku, 'widget'])),
  };
}
