/** What must be true of each line in the end, and of the mails that brought it. */
import type { Line, Order } from '../../functions/core/order/order.ts';
import { goodName } from './desk.ts';
import { KEYS, PRODUCT_OF, SELLER, serialByHand } from './goods.ts';
import type { Ledger } from './ledger.ts';
import type { Plot } from './plot.ts';
import { reasonsFor } from './reasons.ts';
import { isStopped } from './reversals.ts';
import { excuse, type Send } from './sends.ts';
import type { Sim } from './sim.ts';

export function judgeLine(sim: Sim, plot: Plot, line: Line): void {
  const where = `${plot.key} ${line.sku}`;
  if (line.held) sim.count(`held: ${line.held}`);
  if (line.serial === null) {
    judgeHeld(sim, plot, line);
    return;
  }
  const product = PRODUCT_OF[line.sku] ?? 'widget';
  const { licensee, serial, keyVersion } = line;
  if (licensee !== plot.licensee && licensee !== goodName(plot)) sim.broke('the licensee is right', where);
  const real = (KEYS[product] ?? []).map((_, n) => serialByHand(product, n + 1, licensee ?? ''));
  const right = plot.test ? !real.includes(serial) : real[(keyVersion ?? 0) - 1] === serial;
  if (!right) sim.broke('the serial is right', where);
}

function judgeHeld(sim: Sim, plot: Plot, line: Line): void {
  const where = `${plot.key} ${line.sku}`;
  if (!line.held) sim.broke('a line has its serial, or is held', where);
  const sold = plot.lines.find(({ sku }) => sku === line.sku);
  if (sold && line.held && !reasonsFor(plot, sold).includes(line.held))
    sim.broke(`held for its reason (${line.held})`, where);
}

export function judgeMails(sim: Sim, plot: Plot, order: Order, ledger: Ledger): void {
  const mails = ledger.of(plot.key).filter(({ acceptedAt }) => acceptedAt !== undefined);
  for (const mail of mails) judgeAddress(sim, plot, mail);
  const last = mails.at(-1);
  if (last) judgeFate(sim, order, last);
  for (const line of order.lines) judgeLineMails(sim, plot, order, line, mails);
  for (const [n, mail] of mails.entries()) {
    sim.count('mails');
    const before = mails.slice(0, n).filter(({ skus }) => skus.some((sku) => mail.skus.includes(sku)));
    judgeSecond(sim, ledger, before, mail);
  }
}

function judgeLineMails(sim: Sim, plot: Plot, order: Order, line: Line, mails: readonly Send[]): void {
  const { serial, sent, held, sku } = line;
  if (serial === null) return;
  const where = `${plot.key} ${sku}`;
  const brought = mails.some(({ skus, text }) => skus.includes(sku) && text.includes(serial));
  if (sent && !brought) sim.broke('what is called sent went out', where);
  if (held || isStopped(order.status)) return;
  if (!brought) sim.broke('no mail is lost', where);
  if (!sent) sim.broke('what went out is known in the end', where);
}

/** What SES told of the last mail is what the order says of it, if nothing has changed since. */
function judgeFate(sim: Sim, order: Order, { key, events, skus, version }: Send): void {
  const { round = 0, state } = order.mail;
  if (version < round) return;
  const heard = (...kinds: readonly string[]) => events.some(({ kind }) => kinds.includes(kind));
  const states = ['sent', 'delivered', 'complained', 'bounced'];
  const least = heard('bounce', 'suppressed') ? 3 : heard('complaint') ? 2 : heard('delivery') ? 1 : 0;
  if (events.length > 0 && states.indexOf(state) < least) sim.broke(`what SES told is known (${state})`, key);
  const lines = order.lines.filter(({ sku }) => skus.includes(sku));
  if (least === 3 && lines.some(({ held }) => held === null)) sim.broke('what has bounced is held', key);
}

/** A second mail only where nobody could know that there was a first. */
function judgeSecond(sim: Sim, ledger: Ledger, before: readonly Send[], mail: Send): void {
  const last = before.at(-1);
  if (!last) return;
  const excuses = before.map((one) =>
    excuse(one, mail, ledger.isResent(mail.key, one.startedAt, mail.startedAt)),
  );
  if (excuses.includes(undefined)) sim.broke('no second mail for what is known to be sent', mail.key);
  sim.count(`second mail: ${excuses.at(-1) ?? 'none'}`);
}

function judgeAddress(sim: Sim, { test, key, id, buyer }: Plot, { to, subject }: Send): void {
  const right = test
    ? to === SELLER && subject.startsWith('TEST ')
    : (to === buyer.email || to === `mended-${id}@example.com`) && !subject.startsWith('TEST');
  if (!right) sim.broke('a mail goes to whom it belongs', key);
}
