/** Faults in what comes before and behind the lease: signatures, keys, names, events of SES, and what a person needs. */
import type { Plant } from './bundle.ts';

const core = (file: string) => `functions/core/${file}.ts`;

export const MORE_PLANTS: readonly Plant[] = [
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
    from: '    if (!inTheWay) return { order: written, changed: true };',
    to: '    return { order: written, changed: true };',
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
    from: '  if (version >= (order.mail.round ?? 0))\n    return withFate',
    to: '  if (version >= 0)\n    return withFate',
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
    from: 'const state = strongest(FATES, mail.state, fate.state) ?? fate.state;',
    to: 'const { state } = fate;',
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
