/** Faults that are put into the sources one at a time. The simulation must detect each of them. */
import type { Mutant } from '../threads/bundle.ts';

const core = (file: string) => `functions/core/${file}.ts`;

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'claim after the mail',
    file: core('fulfil'),
    from: `      const claim = await world.record(sale); //                       3 record
      if (claim.mail) await world.mail(claim.mail); //                 4 mail
`,
    to: `      const early = sale.kind === 'sale' ? { ...sale.sale, key: sale.key, version: 1, test: sale.test, audit: [], lines: sale.sale.lines.map((line, at) => ({ ...line, id: at + 1, ...sale.judge({ id: at + 1, via: 'mail', state: 'pending', ...line } as never, sale.sale as never) })) } : undefined;
      if (early) await world.mail({ order: early as never, send: { n: 1, to: '', about: 'serials', carries: early.lines.flatMap((line) => (line.state === 'issued' ? [{ line: line.id, issue: undefined as never }] : [])), tries: 1, state: 'in_flight', until: '2100-01-01T00:00:00.000Z' } }).catch(() => undefined);
      const claim = await world.record(sale);
`,
  },
  {
    name: 'a mail is recorded as sent before it is sent',
    file: core('mail/deliver'),
    from: `  const result = await mailer(serialMail(catalogue, order, send, words, await links?.(order)));
`,
    to: `  await change(store, key, order, (found) => found && applyOutcome(found, send, { kind: 'sent', messageId: 'early' }, now()));
  const result = await mailer(serialMail(catalogue, order, send, words, await links?.(order)));
`,
  },
  {
    name: 'every delivery mails, without a lease',
    file: core('order/record'),
    from: 'mail: send && mayStart(present, send) ? { order, send } : undefined,',
    to: "mail: isInForce(present) && order.sends.at(-1) ? { order, send: { ...order.sends.at(-1), until: '2100-01-01T00:00:00.000Z' } as InFlight } : undefined,",
  },
  {
    name: 'an error is read as a duplicate',
    file: core('fulfil'),
    from: '      const claim = await world.record(sale); ',
    to: '      const claim = await world.record(sale).catch(() => undefined); if (!claim) continue; ',
  },
  {
    name: 'lease shorter than the handler',
    file: core('order/sends'),
    from: 'export const LEASE_MS = 2 * MINUTE;',
    to: 'export const LEASE_MS = MINUTE + 100;',
  },
  {
    name: 'aliases are not claimed',
    file: core('order/record'),
    from: '    claimAliases(ports, key, event.aliases, async () => judge),',
    to: "    Promise.resolve('new' as string),",
  },
  {
    name: 'a reversal that waits under an alias is dropped',
    file: core('order/transitions'),
    from: '  const all = [...stub.reversals].reduce',
    to: '  const all = [...stub.reversals].slice(0, 0).reduce',
  },
  {
    name: 'a sale drops the reversal that came first',
    file: core('order/transitions'),
    from: '  const facts = { ...order, ...paymentFacts',
    to: '  const facts = { ...order, reversals: isPaid(order) ? order.reversals : new Map(), ...paymentFacts',
  },
  {
    name: 'a write without the condition on its version',
    file: 'test/simulation/aws/table.ts',
    from: 'if (expected === undefined ? before !== undefined : version !== expected) throw NO;',
    to: 'void version; void expected;',
  },
  {
    name: 'the outcome of an earlier try changes a newer one',
    file: core('order/sends'),
    from: "if (send.state !== 'in_flight' || send.tries !== tries) return send;",
    to: 'void tries;',
  },
  {
    name: 'a mail starts again before its time',
    file: core('order/due'),
    from: 'latest(untils) ?? order.outbox?.since',
    to: 'order.outbox?.since',
  },
  {
    name: 'redeliver takes no lease',
    file: core('mail/redeliver'),
    from: `    if (next === order || (await store.put({ ...next, version: order.version + 1 }, order.version)))
      return 'nothing';
`,
    to: '',
  },
  {
    name: 'a reversal does not stop the mail',
    file: core('order/due'),
    from: "['paid', 'partly_refunded'].includes(statusOf(order))",
    to: "!['unpaid', 'erased'].includes(statusOf(order))",
  },
  {
    name: 'a lost dispute falls back to open',
    file: core('order/transitions'),
    from: 'if (one !== other) return { ...(other > one ? event : known), kind };',
    to: 'return { ...event, kind };',
  },
  {
    name: 'a repeated sale makes a new serial',
    file: core('order/transitions'),
    from: 'reopenHeld(joinLines(...withShares(order, facts, event)))',
    to: 'reopenHeld(joinLines(...withShares({ ...order, lines: [] }, facts, event)))',
  },
  {
    name: 'a release makes a new serial',
    file: core('order/lines'),
    from: "order.lines.filter(({ state }) => state === 'held' || state === 'to_make')",
    to: "order.lines.filter(({ state }) => state === 'held' || state === 'to_make' || (state === 'issued' && order.heldAt !== undefined))",
  },
  {
    name: 'no wait after a throttled send',
    file: core('order/sends'),
    from: "kind === 'account' ? ACCOUNT_MS : backoff(order.key, send.tries)",
    to: "kind === 'account' ? ACCOUNT_MS : 0 * backoff(order.key, send.tries)",
  },
  {
    name: 'no wait after an unknown outcome',
    file: core('order/sends'),
    from: 'const UNKNOWN_MS = 10 * MINUTE;',
    to: 'const UNKNOWN_MS = 0 * MINUTE;',
  },
  {
    name: 'unknown is treated as sent',
    file: core('order/sends'),
    from: "if (kind === 'unknown') return { ...facts, state: 'unknown', code, until: toAt(now + UNKNOWN_MS) };",
    to: "void UNKNOWN_MS; if (kind === 'unknown') return accept(send, 'x', now);",
  },
  {
    name: 'sent is treated as unknown',
    file: core('order/sends'),
    from: "if (result.kind === 'sent') return accept(send, result.messageId, now);",
    to: "if (result.kind === 'sent') return { ...factsOf(send), state: 'unknown', code: 'x', until: toAt(now + UNKNOWN_MS) };",
  },
  {
    name: 'refused is treated as sent',
    file: core('order/sends'),
    from: "if (kind === 'refused') return { ...facts, state: 'refused', code };",
    to: "if (kind === 'refused') return accept(send, 'none', now);",
  },
  {
    name: 'refused is tried again',
    file: core('order/sends'),
    from: "if (kind === 'refused') return { ...facts, state: 'refused', code };",
    to: "if (kind === 'refused') return { ...facts, state: 'waiting', code, until: toAt(now + UNKNOWN_MS) };",
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
    name: 'any signature is accepted',
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
    from: 'test ? { version: 0',
    to: 'false ? { version: 0',
  },
  {
    name: 'the mail of a test order goes to the buyer',
    file: core('mail/message'),
    from: 'const to = order.test ? seller.alarms : send',
    to: 'const to = send',
  },
  {
    name: 'a fact is dropped on a conflict',
    file: core('order/change'),
    from: '    if (!item) return { order, changed: true };',
    to: '    return { order, changed: true };',
  },
  {
    name: 'an order whose alias exists is not read again',
    file: core('order/record'),
    from: "names === 'moved' || (names === 'known' && changed)",
    to: "names === 'moved'",
  },
  {
    name: 'redeliver claims no aliases',
    file: core('mail/redeliver'),
    from: `    if ((await claimAliases(ports, key, order.aliases, judge)) === 'moved') return 'nothing';
`,
    to: '',
  },
  {
    name: 'a mail has no age limit',
    file: core('order/sends'),
    from: 'const OLDEST_MS = 72 * 60 * MINUTE;',
    to: 'const OLDEST_MS = 7_200 * 60 * MINUTE;',
  },
  {
    name: 'a won dispute still counts',
    file: core('order/due'),
    from: ".filter(({ state }) => state !== 'won')",
    to: '',
  },
  {
    name: 'a dispute that is won makes a mail in flight due',
    file: core('order/due'),
    from: 'const untils = [...mine, ...inFlight]',
    to: 'const untils = [...(order.reversals.size > 0 ? [] : [...mine, ...inFlight])]',
  },
  {
    name: 'a dispute drops the notification',
    file: core('order/settle'),
    from: 'raw: needsRaw(order) ? order.raw : undefined',
    to: 'raw: needsRaw(order) && (isHeld(order) || !order.reversals.size) ? order.raw : undefined',
  },
  {
    name: 'a line that came during the send counts as sent',
    file: core('order/due'),
    from: 'const mine = live.filter((send) => carriesLine(send, line));',
    to: "const mine = live.filter((send) => send.state === 'accepted' || carriesLine(send, line));",
  },
  {
    name: 'SEND events are ignored',
    file: core('mail/feedback'),
    from: '    return applyMailEvent(before, event, now());',
    to: "    return event.kind === 'send' ? undefined : applyMailEvent(before, event, now());",
  },
  {
    name: 'the last event wins',
    file: core('order/sends'),
    from: "delivery: higher(DELIVERIES, known.delivery, delivery) ?? 'none',",
    to: "delivery: delivery ?? 'none',",
  },
  {
    name: 'a bounced order is not held',
    file: core('order/due'),
    from: `  if (live.some(isBounced)) return { is: 'failed', reason: 'bounced' };
`,
    to: '',
  },
  {
    name: 'an event of send 1 marks the last send',
    file: core('order/sends'),
    from: 'const n = event.send ?? old?.n;',
    to: 'const n = order.sends.at(-1)?.n; void old;',
  },
  {
    name: 'a release repeats what is in flight',
    file: core('order/manual'),
    from: 'live.includes(send) && isSettled(send) && isOver(send)',
    to: "live.includes(send) && (isOver(send) || send.state === 'in_flight')",
  },
  {
    name: 'a resend repeats what is in flight',
    file: core('order/manual'),
    from: 'live.includes(send) && isSettled(send) && isOver(send)',
    to: 'live.includes(send)',
  },
  {
    name: 'a reversal is looked up under its first ID only',
    file: core('order/record'),
    from: '[event.id, ...(event.aliases ?? [])].map(',
    to: '(event.aliases ?? [event.id]).slice(-1).map(',
  },
  {
    name: 'a reissue is not mailed',
    file: core('order/due'),
    from: 'carried.line === line.id && carried.issue === line.issued.n',
    to: 'carried.line === line.id',
  },
  {
    name: 'the name is not cleaned',
    file: core('serial/lines'),
    from: 'const issued = makeSerial(product, key, { order, line, id, licensee, issue: 1 }, answers);',
    to: "const issued = makeSerial(product, key, { order, line, id, licensee: receivedName(product, buyer) ?? '', issue: 1 }, answers);",
  },
  {
    name: 'a mail needs no verdict of DMARC',
    file: core('inbound/mail-store'),
    from: "const isSender = dmarc === 'PASS' && isFrom",
    to: 'const isSender = isFrom',
  },
];
