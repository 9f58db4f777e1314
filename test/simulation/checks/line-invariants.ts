/** Checks what must hold for each line in the end, and for the mails that carried it. */
import { isWhollyHeld, statusOf } from '../../../functions/core/order/due.ts';
import { DELIVERIES, type Line, type Order } from '../../../functions/core/order/types.ts';
import type { OrderView } from '../../../functions/core/order/view.ts';
import { addressOf, goodName, importedLine, newName, ownerAfter } from '../processes/operator.ts';
import type { OrderScript } from '../script/order-script.ts';
import { reasonsFor } from '../script/reasons.ts';
import { isStopped } from '../script/reversals.ts';
import { expectedSerial, KEYS, PRODUCT_OF, SELLER } from '../world/catalogue.ts';
import type { Sim } from '../world/sim.ts';
import { excuse, type Send, shares } from './send.ts';
import type { SendHistory } from './send-history.ts';

type LineView = OrderView['lines'][number];

export function checkLine(sim: Sim, script: OrderScript, line: LineView): void {
  const where = `${script.key} ${line.sku}`;
  if (line.held) sim.count(`held: ${line.held}`);
  if (line.serial === null) {
    checkHeld(sim, script, line);
    return;
  }
  const { licensee, serial, keyVersion, unverified } = line;
  const names = [script.licensee, goodName(script), newName(script), ownerAfter(script).name];
  if (!names.includes(licensee ?? undefined)) sim.violation('the licensee is right', where);
  const product = PRODUCT_OF[line.sku] ?? 'widget';
  const real = (KEYS[product] ?? []).map((_, n) => expectedSerial(product, n + 1, licensee ?? ''));
  const right = unverified
    ? serial === importedLine(script).serial
    : script.test
      ? !real.includes(serial)
      : real[(keyVersion ?? 0) - 1] === serial;
  if (!right) sim.violation('the serial is right', where);
}

function checkHeld(sim: Sim, script: OrderScript, line: LineView): void {
  const where = `${script.key} ${line.sku}`;
  if (!line.held) sim.violation('a line has its serial, or is held', where);
  const product = (sku: string) => PRODUCT_OF[sku] ?? line.product;
  // A placeholder stands for lines that were announced in a notification which is lost.
  const sold = script.lines.filter(({ sku }) => line.sku && product(sku) === product(line.sku));
  const reasons = sold.flatMap((one) => reasonsFor(script, one));
  if (sold.length > 0 && line.held && !reasons.includes(line.held))
    sim.violation(`held for its reason (${line.held})`, where);
}

export function checkMails(
  sim: Sim,
  script: OrderScript,
  { order, seen }: { readonly order: Order; readonly seen: OrderView },
  history: SendHistory,
): void {
  const mails = history.of(script.key).filter(({ acceptedAt }) => acceptedAt !== undefined);
  checkHeldMail(sim, order, mails);
  for (const mail of mails) {
    checkAddress(sim, script, mail);
    if (!order.erasedAt && !script.acts.manyActions) checkDelivery(sim, order, mail);
  }
  for (const [at, line] of order.lines.entries()) {
    const shown = seen.lines[at];
    if (shown && line.state === 'issued')
      checkLineMails(sim, script, line, { ...shown, status: seen.status }, mails);
  }
  for (const [n, mail] of mails.entries()) {
    sim.count('mails');
    const before = mails.slice(0, n).filter((one) => shares(one, mail));
    checkSecondMail(sim, history, before, mail);
  }
}

const DAY = 24 * 3_600_000;

/**
 * The buyer of an order that is held as a whole has one mail. The run that sends it may come after the end. A person who names the
 * buyer of an order that is held for more than a day answers the buyer.
 */
function checkHeldMail(sim: Sim, order: Order, mails: readonly Send[]): void {
  const told = new Set(mails.flatMap(({ about, n }) => (about === 'held' ? n : [])));
  if (told.size > 1) sim.violation('one mail about a hold', order.key);
  if (told.size > 0) sim.count('mails about a hold');
  const isOver = order.sends.some(({ about, state }) => about === 'held' && state === 'refused');
  const isLate = order.audit.some(({ at }) => Date.parse(at) - Date.parse(order.heldAt ?? at) > DAY);
  if (isWhollyHeld(order) && told.size === 0 && !isOver && !isLate && !order.outbox?.held)
    sim.violation('the buyer of a held order gets a mail', order.key);
}

function checkLineMails(
  sim: Sim,
  script: OrderScript,
  { id, issued, via }: Line & { readonly state: 'issued' },
  { sent, held, sku, status }: LineView & Pick<OrderView, 'status'>,
  mails: readonly Send[],
): void {
  const where = `${script.key} ${sku}`;
  const carried = { carries: [{ line: id, issue: issued.n }] };
  const brought = mails.some((mail) => shares(mail, carried) && mail.text.includes(issued.serial));
  const owner = ownerAfter(script);
  const isForeign = (mail: Send) => shares(mail, carried) && mail.to !== owner.email && !script.test;
  if (issued.licensee === owner.name && mails.some(isForeign))
    sim.violation("the new owner's serial is mailed to the new owner", where);
  if (via === 'elsewhere') {
    if (brought) sim.violation('a serial that the buyer has is not mailed', where);
    return;
  }
  if (sent && !brought) sim.violation('a mail recorded as sent was sent', where);
  if (held || isStopped(status)) return;
  if (!brought) sim.violation('no mail is lost', where);
  if (!sent) sim.violation('a sent mail is recorded as sent', where);
}

/** The order knows what SES told of each mail. */
function checkDelivery(sim: Sim, order: Order, { key, events, n, to, about }: Send): void {
  const received = (...kinds: readonly string[]) => events.some(({ kind }) => kinds.includes(kind));
  if (events.length === 0) return;
  const hasFailed = received('bounce', 'suppressed');
  const least = hasFailed
    ? 'bounced'
    : received('complaint')
      ? 'complained'
      : received('delivery')
        ? 'delivered'
        : 'none';
  const send = order.sends.find((one) => one.n === n);
  const known = send?.state === 'accepted' ? DELIVERIES.indexOf(send.delivery) : -1;
  if (known < DELIVERIES.indexOf(least)) sim.violation(`SES's latest status is recorded (${least})`, key);
  // After a mail about a trial or a hold has bounced, the mail with the serial bounces itself.
  const isPresent = about === 'serials' && !send?.dismissed && (order.test || order.buyer.email === to);
  if (hasFailed && isPresent && !isStopped(statusOf(order)) && !order.heldAt)
    sim.violation('a bounced order is held', key);
}

/** A second mail is allowed only if the outcome of the first is unknowable. */
function checkSecondMail(sim: Sim, history: SendHistory, before: readonly Send[], mail: Send): void {
  const last = before.at(-1);
  if (!last) return;
  const excuses = before.map((one) =>
    excuse(one, mail, history.isResent(mail.key, one.startedAt, mail.startedAt)),
  );
  if (excuses.includes(undefined)) sim.violation('no second mail for what is known to be sent', mail.key);
  sim.count(`second mail: ${excuses.at(-1) ?? 'none'}`);
}

function checkAddress(sim: Sim, script: OrderScript, { to, subject }: Send): void {
  const { test, key, buyer } = script;
  const known = [buyer.email, addressOf('mended', script), ownerAfter(script).email];
  const right = test
    ? to === SELLER && subject.startsWith('TEST ')
    : known.includes(to) && !subject.startsWith('TEST');
  if (!right) sim.violation('a mail goes to the right address', key);
}
