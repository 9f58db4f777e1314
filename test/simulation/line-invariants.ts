/** Checks what must hold for each line in the end, and for the mails that carried it. */
import type { Line, Order } from '../../functions/core/order/order.ts';
import { expectedSerial, KEYS, PRODUCT_OF, SELLER } from './catalogue.ts';
import { goodName } from './operator.ts';
import type { OrderScript } from './order-script.ts';
import { reasonsFor } from './reasons.ts';
import { isStopped } from './reversals.ts';
import { excuse, type Send } from './send.ts';
import type { SendHistory } from './send-history.ts';
import type { Sim } from './sim.ts';

export function checkLine(sim: Sim, script: OrderScript, line: Line): void {
  const where = `${script.key} ${line.sku}`;
  if (line.held) sim.count(`held: ${line.held}`);
  if (line.serial === null) {
    checkHeld(sim, script, line);
    return;
  }
  const product = PRODUCT_OF[line.sku] ?? 'widget';
  const { licensee, serial, keyVersion } = line;
  if (licensee !== script.licensee && licensee !== goodName(script))
    sim.violation('the licensee is right', where);
  const real = (KEYS[product] ?? []).map((_, n) => expectedSerial(product, n + 1, licensee ?? ''));
  const right = script.test ? !real.includes(serial) : real[(keyVersion ?? 0) - 1] === serial;
  if (!right) sim.violation('the serial is right', where);
}

function checkHeld(sim: Sim, script: OrderScript, line: Line): void {
  const where = `${script.key} ${line.sku}`;
  if (!line.held) sim.violation('a line has its serial, or is held', where);
  const sold = script.lines.find(({ sku }) => sku === line.sku);
  if (sold && line.held && !reasonsFor(script, sold).includes(line.held))
    sim.violation(`held for its reason (${line.held})`, where);
}

export function checkMails(sim: Sim, script: OrderScript, order: Order, history: SendHistory): void {
  const mails = history.of(script.key).filter(({ acceptedAt }) => acceptedAt !== undefined);
  for (const mail of mails) checkAddress(sim, script, mail);
  const last = mails.at(-1);
  if (last) checkDeliveryStatus(sim, order, last);
  for (const line of order.lines) checkLineMails(sim, script, order, line, mails);
  for (const [n, mail] of mails.entries()) {
    sim.count('mails');
    const before = mails.slice(0, n).filter(({ skus }) => skus.some((sku) => mail.skus.includes(sku)));
    checkSecondMail(sim, history, before, mail);
  }
}

function checkLineMails(
  sim: Sim,
  script: OrderScript,
  order: Order,
  line: Line,
  mails: readonly Send[],
): void {
  const { serial, sent, held, sku } = line;
  if (serial === null) return;
  const where = `${script.key} ${sku}`;
  const brought = mails.some(({ skus, text }) => skus.includes(sku) && text.includes(serial));
  if (sent && !brought) sim.violation('what is called sent went out', where);
  if (held || isStopped(order.status)) return;
  if (!brought) sim.violation('no mail is lost', where);
  if (!sent) sim.violation('what went out is known in the end', where);
}

/** The order has the delivery status of its last mail, unless its content has changed since. */
function checkDeliveryStatus(sim: Sim, order: Order, { key, events, skus, version }: Send): void {
  const { round = 0, state } = order.mail;
  if (version < round) return;
  const received = (...kinds: readonly string[]) => events.some(({ kind }) => kinds.includes(kind));
  const states = ['sent', 'delivered', 'complained', 'bounced'];
  const least = received('bounce', 'suppressed')
    ? 3
    : received('complaint')
      ? 2
      : received('delivery')
        ? 1
        : 0;
  if (events.length > 0 && states.indexOf(state) < least)
    sim.violation(`what SES told is known (${state})`, key);
  const lines = order.lines.filter(({ sku }) => skus.includes(sku));
  if (least === 3 && lines.some(({ held }) => held === null)) sim.violation('what has bounced is held', key);
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

function checkAddress(sim: Sim, { test, key, id, buyer }: OrderScript, { to, subject }: Send): void {
  const right = test
    ? to === SELLER && subject.startsWith('TEST ')
    : (to === buyer.email || to === `mended-${id}@example.com`) && !subject.startsWith('TEST');
  if (!right) sim.violation('a mail goes to whom it belongs', key);
}
