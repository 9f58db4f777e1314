/** Faults that are put into the sources one at a time. The simulation must detect each of them. */
import type { Mutant } from './bundle.ts';

const core = (file: string) => `functions/core/${file}.ts`;

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'claim after the mail',
    file: core('fulfil'),
    from: `      const claim = await world.record(order); //                      3 record
      if (claim.mailIsOurs) await world.mail(claim.order); //          4 mail
`,
    to: `    if (order.kind !== 'reversed')
      await world.mail({ version: 1, receivedAt: new Date(0).toISOString(), reversals: {}, mail: { state: 'due', attempts: 1 }, status: 'paid', ...order });
    const claim = await world.record(order);
`,
  },
  {
    name: 'marker before the work: sent is written, then sent',
    file: core('mail/deliver'),
    from: '  const outcome = await mailer(serialMail(catalogue, order));\n',
    to: `  await change(store, order.key, order, (found) => found && withSent(found, order, 'early', now()));
  const outcome = await mailer(serialMail(catalogue, order));
`,
  },
  {
    name: 'lost lease: every delivery mails',
    file: core('order/record'),
    from: 'mailIsOurs: recorded.changed && newlyDue && timeToSend && order.dueAt !== undefined',
    to: 'mailIsOurs: order.dueAt !== undefined',
  },
  {
    name: 'an error is read as a duplicate',
    file: core('fulfil'),
    from: '    const claim = await world.record(order); ',
    to: '    const claim = await world.record(order).catch(() => undefined); if (!claim) continue; ',
  },
  {
    name: 'lease shorter than the handler',
    file: core('order/record'),
    from: 'export const LEASE_MS = 120_000;',
    to: 'export const LEASE_MS = 500;',
  },
  {
    name: 'other names are forgotten',
    file: core('order/record'),
    from: '    claimAliases({ store, report, now }, key, sale.aliases),',
    to: '    Promise.resolve(false),',
  },
  {
    name: 'a reversal that waits under another name is forgotten',
    file: core('order/record'),
    from: '      return Object.entries(stub.reversals).reduce',
    to: '      return Object.entries({} as typeof stub.reversals).reduce',
  },
  {
    name: 'a sale forgets the reversal that came first',
    file: core('order/order'),
    from: '      ...order,\n      placedAt: sale.kind',
    to: '      ...order,\n      reversals: {},\n      placedAt: sale.kind',
  },
  {
    name: 'a write without the condition on its version',
    file: 'test/simulation/table.ts',
    from: 'if (expected === undefined ? before !== undefined : version !== expected) throw NO;',
    to: 'void version; void expected;',
  },
  {
    name: 'the mark of a failed try ignores whose the lease is',
    file: core('order/order'),
    from: '  if (!order.dueAt || order.dueAt !== lease) return undefined;\n',
    to: '  void lease;\n',
  },
  {
    name: 'redeliver mails what is not due',
    file: core('mail/redeliver'),
    from: ' || !order.dueAt || Date.parse(order.dueAt) > now()',
    to: '',
  },
  {
    name: 'redeliver takes no lease',
    file: core('mail/redeliver'),
    from: "    if (await store.put(leased, order.version)) return 'nothing';\n",
    to: '',
  },
  {
    name: 'a reversal does not stop the mail',
    file: core('order/order'),
    from: "status === 'refunded' || status === 'disputed' || status === 'erased';\n  const due",
    to: "status === 'erased';\n  const due",
  },
  {
    name: 'a lost dispute falls back to open',
    file: core('order/order'),
    from: 'state: RANK[fact.state] > RANK[known.state] ? fact.state : known.state',
    to: 'state: fact.state',
  },
  {
    name: 'a serial is made anew when the sale is told again',
    file: core('order/order'),
    from: 'const missing = sale.lines.filter((line) => !real.some((known) => isSame(known, line)));',
    to: 'const missing = sale.lines; for (const line of real.splice(0)) void isSame(line, line);',
  },
  {
    name: 'a serial is made anew when it is released',
    file: core('operator/release'),
    from: '      if (line.serial === null) return judgeAgain',
    to: '      if (line.serial === null || email !== undefined) return judgeAgain',
  },
  {
    name: 'no wait after a throttled send',
    file: core('mail/deliver'),
    from: 'now + backoff(leased)',
    to: 'now',
  },
  {
    name: 'no wait after an unknown outcome',
    file: core('mail/deliver'),
    from: 'const UNKNOWN_MS = 10 * MINUTE;',
    to: 'const UNKNOWN_MS = 0;',
  },
  {
    name: 'unknown is treated as sent',
    file: core('mail/deliver'),
    from: "    case 'sent':\n",
    to: "    case 'unknown' as 'sent':\n    case 'sent':\n",
  },
  {
    name: 'sent is treated as unknown',
    file: core('mail/deliver'),
    from: '      return withSent(found, leased, outcome.messageId, now);',
    to: "      return withRetry(found, leased.dueAt, { unknown: true, counted: true, code: 'x' }, now + UNKNOWN_MS);",
  },
  {
    name: 'refused is treated as sent',
    file: core('mail/deliver'),
    from: "      return withMailHeld(found, leased.version, { reason: 'mail_refused', code: outcome.code }, now);",
    to: "      return withSent(found, leased, 'none', now);",
  },
  {
    name: 'refused is tried again',
    file: core('mail/deliver'),
    from: "      return withMailHeld(found, leased.version, { reason: 'mail_refused', code: outcome.code }, now);",
    to: "      return withRetry(found, leased.dueAt, { unknown: false, counted: true, code: 'x' }, now + UNKNOWN_MS);",
  },
  // Faults in signatures, keys, names, events of SES, and in what a release needs.
  {
    name: 'verified after it is recorded',
    file: core('fulfil'),
    from: '  const context = await verify(world, provider, request); //           1 verify\n',
    to: `  const context = await world.context();
  setTimeout(() => void verify(world, provider, request).catch(() => undefined), 0);
`,
  },
  {
    name: 'any signature will do',
    file: core('inbound/signature'),
    from: 'one.length === mac.length && timingSafeEqual(one, mac)',
    to: 'one.length === mac.length || timingSafeEqual(one, mac)',
  },
  {
    name: 'freshness is not checked',
    file: core('inbound/signature'),
    from: '  if (/^\\d{1,12}$/.test(seconds) && ',
    to: '  if (/^\\d{1,12}$/.test(seconds) || ',
  },
  {
    name: 'only the first of the signing keys',
    file: core('inbound/signature'),
    from: '  const expected = signed.keys.map(',
    to: '  const expected = signed.keys.slice(0, 1).map(',
  },
  {
    name: 'signing keys are never read again',
    file: core('request-world'),
    from: '      return newer && contextFrom(shared, provider, newer);',
    to: '      return undefined;',
  },
  {
    name: 'a test order under the real key',
    file: core('serial/lines'),
    from: 'const key = test ? ',
    to: 'const key = false ? ',
  },
  {
    name: 'the mail of a test order goes to the buyer',
    file: core('mail/message'),
    from: 'const to = order.test ? seller.alarms : buyer;',
    to: 'const to = buyer;',
  },
  {
    name: 'a fact is dropped on a conflict',
    file: core('order/record'),
    from: '    if (!inTheWay) return { order: changed, changed: true };',
    to: '    return { order: changed, changed: true };',
  },
  {
    name: 'whoever finds a name written looks no further',
    file: core('order/record'),
    from: "names === 'moved' || (names === 'known' && recorded.changed)",
    to: "names === 'moved'",
  },
  {
    name: 'redeliver forgets the other names',
    file: core('mail/redeliver'),
    from: "    if ((await claimAliases(ports, key, order.aliases ?? [])) === 'moved') return 'nothing';\n",
    to: '    void claimAliases;\n',
  },
  {
    name: 'a mail is due for ever',
    file: core('mail/redeliver'),
    from: 'const OLDEST_MS = 72 * 3_600_000;',
    to: 'const OLDEST_MS = 7_200 * 3_600_000;',
  },
  {
    name: 'a dispute that was won stands',
    file: core('order/order'),
    from: "const inForce = (reversal: Reversal) => reversal.state !== 'won';",
    to: 'const inForce = (_: Reversal) => true;',
  },
  {
    name: 'a dispute that is won makes the mail due at once',
    file: core('order/order'),
    from: 'order.mail.attempts > 0 ? now + BEGUN_MS : now',
    to: 'order.mail.attempts > 0 ? now : now',
  },
  {
    name: 'what a person needs is dropped with a dispute',
    file: core('order/order'),
    from: "raw: status !== 'erased' && lines.some((line) => line.held !== null) ? order.raw : undefined",
    to: 'raw: held ? order.raw : undefined',
  },
  {
    name: 'a line that came during the send is called sent too',
    file: core('order/order'),
    from: '  if (version >= (order.mail.round ?? 0))\n    return applyDeliveryStatus',
    to: '  if (version >= 0)\n    return applyDeliveryStatus',
  },
  {
    name: 'SEND events are not heard',
    file: core('mail/feedback'),
    from: '    return withMailEvent(before, event, now());',
    to: "    return event.kind === 'send' ? undefined : withMailEvent(before, event, now());",
  },
  {
    name: 'the last event wins',
    file: core('order/order'),
    from: 'const state = strongest(DELIVERY_STATES, mail.state, status.state) ?? status.state;',
    to: 'const { state } = status;',
  },
  {
    name: 'a bounce is only noted',
    file: core('order/order'),
    from: "code === 'rejected' ? 'mail_refused' : code === 'suppressed' || code === 'bounced' ? 'bounced' : undefined;",
    to: "code === 'rejected' ? 'mail_refused' : undefined;",
  },
  {
    name: 'the name is not cleaned',
    file: core('serial/lines'),
    from: "  const name = licenseeOf(received ?? '', product.serial);",
    to: "  const name = { ...licenseeOf(received ?? '', product.serial), licensee: received ?? '' };",
  },
];
