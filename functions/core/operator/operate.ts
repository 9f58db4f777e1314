/** Performs a manual action that is requested as JSON: for the Lambda `operator`, which the desk and the commands call. */
import { HINTS } from '../inbound/hints.ts';
import { closeUnreadable } from '../inbound/reread.ts';
import { toMailbox } from '../mail/address.ts';
import { orderMail, previewMail } from '../mail/preview.ts';
import { AliasCircle, change, changeItem } from '../order/change.ts';
import { isInForce, isPaid, statusOf } from '../order/due.ts';
import { type Result, reject, resend } from '../order/manual.ts';
import type { Item, Line, Order } from '../order/types.ts';
import { view } from '../order/view.ts';
import { type SerialInputs, serialInputs } from '../serial/lines.ts';
import type { OperatorPorts } from '../world.ts';
import { findItem } from './find.ts';
import { issueManually, reissueLines, transferOrder } from './issue.ts';
import { addressFinder, isPersonal, isRevealing, type Personal, withoutPerson } from './person.ts';
import { basisOf, changeSeen, Refusal, type Refused, requireUnchanged, type Seen } from './refusal.ts';
import { closeRequest, releaseItem } from './release-item.ts';
import { type Of, OperatorRequest, SUPPORT_ACTIONS } from './request.ts';

/** Returns the result as JSON. It throws only if AWS fails. */
export async function operate(ports: OperatorPorts, received: unknown, isSupport = false) {
  try {
    const request = requireRequest(received, isSupport);
    if (request.action === 'describe') return { done: true, ...describe(ports, isSupport) } as const;
    return { done: true, ...(await perform(ports, request.action, request)) } as const;
  } catch (error) {
    if (error instanceof AliasCircle) return { done: false, message: error.message } as const;
    if (!(error instanceof Refusal)) throw error;
    const { message, order, field } = error;
    return { done: false, message, field, ...(order && { order, changed: true }) } as const;
  }
}

function requireRequest(received: unknown, isSupport: boolean): OperatorRequest {
  const { data, error } = OperatorRequest.safeParse(received);
  if (!data) {
    const mistakes = error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new Refusal(`the request is not valid: ${mistakes.join('; ')}`);
  }
  if (!isSupport || SUPPORT_ACTIONS.some((one) => one === data.action)) return data;
  throw new Refusal(`KeypostSupport does not allow ${data.action}; ask the seller`);
}

type Name = Exclude<OperatorRequest['action'], 'describe'>;
type Actions = { readonly [Action in Name]: (ports: OperatorPorts, request: Of<Action>) => Promise<object> };

/** A function for each other action. */
const ACTIONS: Actions = {
  ...{ preview, release, reject: rejectItem, resend: resendOrder, reissue, transfer, issue, erase },
};
const perform = <Action extends Name>(ports: OperatorPorts, action: Action, request: Of<Action>) =>
  ACTIONS[action](ports, request);

/** The deployed catalogue, without keys, and the actions that the caller may perform. */
function describe({ catalogue }: OperatorPorts, isSupport: boolean) {
  const { products, providers, seller } = catalogue;
  return {
    seller: seller.name,
    actions: isSupport ? SUPPORT_ACTIONS : ['describe', ...Object.keys(ACTIONS)],
    providers: Object.entries(providers).map(([name, { mail }]) => ({ name, isMail: mail !== undefined })),
    products: Object.entries(products).map(([id, { name, serial, skus }]) => ({ id, name, serial, skus })),
  };
}

/** The mail of an order, or one with the serial of a test order. */
async function preview(ports: OperatorPorts, { key, product, locale }: Of<'preview'>) {
  const { catalogue } = ports;
  const products = product === undefined ? undefined : [product];
  const mail = key
    ? await orderMail(catalogue, (await findOrder(ports, { key })).item)
    : await previewMail(catalogue, { products, locale });
  if (typeof mail === 'string') throw new Refusal(mail);
  const { subject, from, to, text, html } = mail;
  return { subject, from: `${from.name} <${from.address}>`, to, text, html };
}

async function findSeen(
  ports: OperatorPorts,
  { key, basis: seen }: { key: string; basis?: string | undefined },
) {
  const item = await findItem(ports, key);
  if (item.kind === 'keyChange') throw new Refusal(`${item.key} is not an order`);
  const decided = seen ?? basisOf(item);
  requireUnchanged(decided, item);
  return { item, decided };
}

async function findOrder(ports: OperatorPorts, request: { key: string; basis?: string | undefined }) {
  const { item, decided } = await findSeen(ports, request);
  if (item.kind === 'order') return { item, decided };
  throw new Refusal(`${item.key} is not an order; \`orders show '${item.key}'\` shows it`);
}

function requireProducts({ catalogue: { products } }: OperatorPorts, ids: readonly string[]): void {
  const unknown = ids.find((id) => !Object.hasOwn(products, id));
  if (unknown !== undefined)
    throw new Refusal(`the catalogue has no product ${unknown}; it has ${Object.keys(products).join(', ')}`);
}

/** Throws a Refusal if no serial may be mailed in the order's state. */
function requireLive(order: Order): void {
  if (isInForce(order)) return;
  const state = isPaid(order) || order.erasedAt ? statusOf(order) : 'not paid yet';
  throw new Refusal(`${order.key} is ${state}, so Keypost mails no serial of it`);
}

const outcome = (item: Seen, changed: boolean, notes: readonly string[] = []) => ({
  kind: item.kind,
  order: view(item),
  changed,
  notes,
});

/** Changes the order that the person saw. */
async function act(
  { store }: OperatorPorts,
  { item, decided }: { readonly item: Order; readonly decided: string },
  step: (current: Order) => Result | Refused,
) {
  const { order, changed } = await changeSeen(store, item, decided, step);
  return outcome(order, changed);
}

/** The same with new serials. Programs that make them are called before. */
async function actWithSerials(
  ports: OperatorPorts,
  seen: { readonly item: Order; readonly decided: string },
  step: (inputs: SerialInputs, current: Order) => Result | Refused,
) {
  const inputs = await serialInputs(ports, (some) => step(some, seen.item));
  return await act(ports, seen, (current) => step(inputs, current));
}

async function release(ports: OperatorPorts, request: Of<'release'>) {
  requireProducts(ports, Object.values(request.products));
  const { item, decided } = await findSeen(ports, request);
  requireHeld(item);
  if (item.kind === 'request') return outcome(await closeRequest(ports, item, 'answered'), true);
  const notes: string[] = [];
  const { who, why, name, email, order } = request;
  const corrections = { name, email, products: new Map(Object.entries(request.products)) };
  const released = await releaseItem(ports, { who, why, order, item, corrections, decided, notes });
  return outcome(released, true, notes);
}

function requireHeld(item: Seen): void {
  if (item.kind === 'order') requireLive(item);
  if (!('heldAt' in item && item.heldAt))
    throw new Refusal(`${item.key} is not held; \`orders held\` lists what is held`);
}

/** Ends what is held: no serial is ever made of it. */
async function rejectItem(ports: OperatorPorts, request: Of<'reject'>) {
  const { item, decided } = await findSeen(ports, request);
  requireHeld(item);
  if (item.kind === 'unreadable') return outcome(await closeUnreadable(ports, item, 'reject', request), true);
  if (item.kind === 'request') return outcome(await closeRequest(ports, item, 'refused'), true);
  if (item.lines.every(({ state }) => state !== 'held'))
    throw new Refusal(`${item.key} has its serials already; correct the address instead`);
  return await act(ports, { item, decided }, (current) => reject(current, request, ports.now()));
}

async function resendOrder(ports: OperatorPorts, request: Of<'resend'>) {
  const { item, decided } = await findOrder(ports, request);
  const { email } = request;
  requireLive(item);
  if (item.lines.every(({ state }) => state !== 'issued'))
    throw new Refusal(`${item.key} has no serial yet; \`orders release '${item.key}'\` makes it`);
  if (!item.test && !toMailbox(email ?? item.buyer.email))
    throw new Refusal(`${item.key} has no address that SES accepts; give another address`, {
      field: 'email',
    });
  return await act(ports, { item, decided }, (current) => resend(current, email, request, ports.now()));
}

async function reissue(ports: OperatorPorts, request: Of<'reissue'>) {
  const { item, decided } = await findOrder(ports, request);
  const isChosen = ({ sku, product }: Line) =>
    (request.sku ?? sku) === sku && (request.product ?? product) === product;
  requireLive(item);
  const lines = item.lines.filter(isChosen);
  const all = item.lines.map(({ sku, product }) => `${sku} (${product})`).join(', ');
  if (lines.length === 0) throw new Refusal(`${item.key} has no such line; it has ${all}`);
  if (lines.every(({ state }) => state !== 'issued'))
    throw new Refusal(`${item.key} has no serial yet; \`orders release '${item.key}' --name NAME\` makes it`);
  return await actWithSerials(ports, { item, decided }, (inputs, current) =>
    reissueLines(inputs, current, { name: request.name, isChosen }, request, ports.now()),
  );
}

async function transfer(ports: OperatorPorts, request: Of<'transfer'>) {
  const { item, decided } = await findOrder(ports, request);
  requireLive(item);
  if (item.lines.some(({ state }) => state !== 'issued'))
    throw new Refusal(
      `${item.key} has a line without a serial; \`orders release '${item.key}'\` makes it first`,
    );
  return await actWithSerials(ports, { item, decided }, (inputs, current) =>
    transferOrder(inputs, current, request, request, ports.now()),
  );
}

async function issue(ports: OperatorPorts, request: Of<'issue'>) {
  requireProducts(ports, [request.product]);
  const gift = { ...request, products: [request.product] };
  const now = ports.now();
  const make = (inputs: SerialInputs) => issueManually(inputs, gift, request, now);
  const made = make(await serialInputs(ports, make));
  if (typeof made === 'string') throw new Refusal(`nothing is issued, ${made}: ${HINTS[made]}`);
  const { order, changed } = await change(ports.store, made.key, undefined, (found) =>
    found ? undefined : made,
  );
  if (changed || isSameGift(order, made)) return outcome(order, changed);
  throw new Refusal(
    `${made.key} exists already; nothing is issued. It is a different order: choose another ID for this one`,
    { field: 'id' },
  );
}

function isSameGift(one: Order, other: Order): boolean {
  const [a, b] = [one, other].map(({ lines: [line], buyer }) =>
    line?.state === 'issued' ? [line.product, line.issued.licensee, buyer.email].join('\n') : '',
  );
  return a === b;
}

async function erase({ store, now }: OperatorPorts, { email, keys, who, why }: Of<'erase'>) {
  const by = { who, why };
  const isIn = addressFinder(email);
  const items = (await Promise.all(keys.map((key) => store.get(key)))).filter(
    (item): item is Item & Personal => item !== undefined && isPersonal(item),
  );
  if (isRevealing(why ?? '', isIn, items))
    throw new Refusal(
      "the reason is stored and contains the person's address, name or serial; write it without them",
      { field: 'why' },
    );
  const erased: { order: string; fields: readonly string[] }[] = [];
  for (const item of items) {
    const { order, changed } = await changeItem<Personal>(
      store,
      item.key,
      item,
      isPersonal,
      (current) => current && withoutPerson(current, isIn, by, now()),
    );
    if (changed)
      erased.push({
        order: item.key,
        fields:
          order.kind === 'request' ? ['address'] : (order.audit.at(-1)?.after.erased?.split(', ') ?? []),
      });
  }
  return { erased };
}
