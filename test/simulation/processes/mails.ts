/**
 * Order mails beside the webhooks: genuine mails several times, the same order in spoofed mails and in mails of another
 * template. Lambda tries an event three times; a person sends what is in the dead-letter queue again after all faults.
 */
import { createHash } from 'node:crypto';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import { type Item, keyOf } from '../../../functions/core/order/types.ts';
import { fulfilMail, type Received } from '../../../functions/core/order-mail.ts';
import type { Ports } from '../../../functions/core/world.ts';
import { simulator } from '../../../functions/providers/kagi/simulator.ts';
import { mailStores } from '../../../functions/providers/mail-stores.ts';
import { giftScript, type OrderScript } from '../script/order-script.ts';
import { KAGI } from '../world/catalogue.ts';
import { randomOf } from '../world/random.ts';
import type { Sim } from '../world/sim.ts';
import { kill, type Process, processOf } from './process.ts';
import { isFault } from './webhook.ts';

const STORE = 'kagi';
const MINUTE = 60_000;
const LAMBDA_MS = 60_000;
const PASS = { spam: 'PASS', virus: 'PASS', dmarc: 'PASS' };

interface OrderMail {
  readonly body: Buffer;
  readonly verdicts: typeof PASS;
  /** Undefined: it makes the order of the script. */
  readonly expected: 'not_authentic' | 'mail_changed' | undefined;
  readonly script: OrderScript;
  /** The results of all deliveries. */
  readonly results: Received[];
}

export type MailPlays = ReturnType<typeof scheduleMails>;

/** @param portsOf creates what a process of the Lambda has. */
export function scheduleMails(sim: Sim, orders: number, portsOf: (process: Process) => Ports) {
  const random = randomOf(sim.random.below(2 ** 31));
  const { clock, faultProfile } = sim;
  const scripts = Array.from({ length: Math.ceil(orders / 50) }, (_, n) => {
    const id = `KG-2026-1127-${String(n).padStart(7, '0')}`;
    const buyer = { name: `Zoë Mail ${n}`, email: `mail${n}@example.com` };
    return {
      ...{ ...giftScript(sim, n), id, key: keyOf(STORE, false, id), buyer, licensee: buyer.name },
      lines: [{ sku: KAGI.sku, quantity: 1 }],
    };
  });
  const mails = scripts.flatMap((script) => {
    const mail = (change: Partial<OrderMail> = {}): OrderMail => ({
      ...{ body: bodyOf(script), verdicts: PASS, expected: undefined, script, results: [], ...change },
    });
    const spoof = bodyOf({ ...script, buyer: { name: 'Mallory', email: 'mallory@example.com' } });
    const changed = (from: string | RegExp, to: string) => Buffer.from(spoof.toString().replace(from, to));
    const doubtful = random.pick<Partial<OrderMail>>([
      { expected: 'not_authentic', verdicts: { ...PASS, dmarc: random.pick(['FAIL', 'GRAY']) }, body: spoof },
      { expected: 'not_authentic', body: changed(/^From: .*/m, 'From: "kagi.com" <orders@kagi.example>') },
      { expected: 'mail_changed', body: changed('Registration Name', 'Name') },
      { expected: 'mail_changed', body: changed('Total paid: EUR', 'Total paid: EUR 1\nTotal paid: EUR') },
    ]);
    return random.chance(0.5) ? [mail(), mail(doubtful)] : [mail()];
  });

  function deliver(mail: OrderMail, tries = 0): void {
    const process = processOf(sim, 'm');
    // The sender is proved by SES before the Lambda runs.
    process.verified = true;
    let over = false;
    const failed = () => {
      if (over) return;
      over = true;
      sim.count('order mails tried again');
      const next = tries < 2 ? clock.now + (tries + 1) * MINUTE : faultProfile.quietFrom + MINUTE;
      clock.at(Math.max(next, clock.now + MINUTE), () => deliver(mail, tries + 1));
    };
    process.ends.push(failed);
    clock.at(clock.now + LAMBDA_MS, () => {
      if (!over) kill(sim, process);
    });
    const { body, verdicts } = mail;
    const request = { recipients: [KAGI.mail.to], verdicts, object: 'received/1', body };
    fulfilMail(portsOf(process), mailStores, request).then(
      (received) => {
        over = true;
        mail.results.push(received);
      },
      (error) => {
        // A secret that cannot be read is a rejection.
        if (!isFault(error) && !(error instanceof Rejection))
          sim.violation('only injected faults are thrown', String(error));
        failed();
      },
    );
  }

  for (const mail of mails)
    for (let copies = random.chance(0.3) ? 10 : 1; copies > 0; copies -= 1) {
      // Some arrive at once.
      const later = random.chance(0.3) ? random.below(50) : random.below(30 * MINUTE);
      clock.at(mail.script.saleAt + later, () => deliver(mail));
    }
  return { scripts, mails };
}

const bodyOf = ({ id, buyer }: OrderScript): Buffer =>
  Buffer.from(
    simulator.request(
      {
        ...{
          event: 'paid',
          id,
          sku: KAGI.sku,
          name: buyer.name ?? '',
          email: buyer.email ?? '',
          company: '',
        },
        ...{ test: false, floor: 0, mail: KAGI.mail },
      },
      '',
      {},
      Date.parse('2026-11-27T00:00:00Z'),
    ).body,
  );

const heldKey = ({ body }: OrderMail) => `held#${STORE}#${createHash('sha256').update(body).digest('hex')}`;

/** The keys of all items that mails make, apart from orders. */
export const mailKeys = ({ mails }: MailPlays): string[] => [
  `notice#mails-of-${STORE}`,
  ...mails.filter(({ expected }) => expected).map(heldKey),
];

/** The orders themselves are checked as all others. */
export function checkMailPlays(
  sim: Sim,
  items: ReadonlyMap<string, { readonly item: Item }>,
  { mails }: MailPlays,
): void {
  for (const mail of mails) {
    const { expected, script, results } = mail;
    sim.count(`order mails: ${expected ?? 'genuine'}`);
    if (results.length === 0) sim.violation('no order mail is lost', script.key);
    const key = expected ? heldKey(mail) : script.key;
    for (const { disposition, reason, key: at } of results)
      if (disposition !== (expected ? 'held' : 'fulfilled') || reason !== (expected ?? null) || at !== key)
        sim.violation(`an order mail ends as expected (${expected}, not ${reason})`, key);
    const kind = items.get(key)?.item.kind;
    if (kind !== (expected ? 'unreadable' : 'order')) sim.violation('an order mail is kept', key);
  }
}
