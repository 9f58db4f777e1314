/** Faults in the order model, one at a time: each has to break a history or a scenario. */

export interface Mutant {
  readonly name: string;
  /** From the root of the project. */
  readonly file: string;
  /** In the file exactly once. */
  readonly from: string;
  readonly to: string;
}

const order = (file: string) => `functions/core/order/${file}.ts`;

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'a later event overwrites a corrected buyer',
    file: order('transitions'),
    from: 'without(more, Object.keys(buyer))',
    to: 'without(more, [])',
  },
  {
    name: 'a reversal is looked up under its first ID only',
    file: order('record'),
    from: '[event.id, ...(event.aliases ?? [])].map(',
    to: '[event.id].map(',
  },
  {
    name: 'erasing keeps superseded serials',
    file: order('manual'),
    from: "return { ...factsOf(line), state: 'erased', product: line.product, issues };",
    to: "return { ...('superseded' in line ? { superseded: line.superseded } : {}), ...factsOf(line), state: 'erased', product: line.product, issues };",
  },
  {
    name: 'an audit entry replaces the earlier ones',
    file: order('manual'),
    from: '[...after.audit, entry]',
    to: '[entry]',
  },
  {
    name: 'a mail that has started counts as lost after 10 ms',
    file: order('due'),
    from: "('until' in send ? send.until : []));\n  return { is: 'wanted'",
    to: "('until' in send ? (send.state === 'in_flight' ? toAt(Date.parse(send.until) - 119_990) : send.until) : []));\n  return { is: 'wanted'",
  },
  {
    name: 'an event of send 1 marks send 2',
    file: order('sends'),
    from: 'const n = event.send ?? old?.n;',
    to: 'const n = order.sends.at(-1)?.n; void old;',
  },
  {
    name: 'the serial of a line whose mail is held is made again',
    file: order('lines'),
    from: "order.lines.filter(({ state }) => state === 'held' || state === 'to_make')",
    to: "order.lines.filter(({ state }) => state === 'held' || state === 'to_make' || (state === 'issued' && order.heldAt !== undefined))",
  },
  {
    name: 'a release repeats what is in flight',
    file: order('manual'),
    from: 'live.includes(send) && isSettled(send) && isOver(send)',
    to: "live.includes(send) && (isOver(send) || send.state === 'in_flight')",
  },
  {
    name: 'a late outcome of an earlier try changes a newer one',
    file: order('sends'),
    from: "if (send.state !== 'in_flight' || send.tries !== tries) return send;",
    to: "if (send.state !== 'in_flight') return send; void tries;",
  },
  {
    name: 'a retry of an unknown send forgets the doubt',
    file: order('sends'),
    from: "send.doubt ? 'unknown' : 'waiting'",
    to: "'waiting'",
  },
  {
    name: 'an unknown outcome counts as not accepted',
    file: order('sends'),
    from: "state: 'unknown', code, until: toAt(now + UNKNOWN_MS) }",
    to: "state: 'waiting', code, until: toAt(now) }",
  },
  {
    name: 'a bounced mail is wanted again',
    file: order('due'),
    from: "  if (live.some(isBounced)) return { is: 'failed', reason: 'bounced' };\n",
    to: '',
  },
  {
    name: 'a refunded order is mailed',
    file: order('due'),
    from: "  if (counting.some(({ part }) => part === 'full')) return 'refunded';\n",
    to: '',
  },
  {
    name: 'the serial is made before the order is paid',
    file: order('lines'),
    from: 'if (!isPaid(order) || order.erasedAt) return order;',
    to: 'if (order.erasedAt) return order; void isPaid;',
  },
  {
    name: 'an event beyond a limit is dropped',
    file: order('settle'),
    from: 'const held = settle(withTooLarge(fallback(), now), now);',
    to: 'const held = before; void fallback;',
  },
  {
    name: 'a known SKU that became a bundle adds a line',
    file: order('lines'),
    from: 'known.some((line) => hasSku(line, one.sku) || isSameLine(line, one))',
    to: 'known.some((line) => isSameLine(line, one))',
  },
  {
    name: 'a line that is reported twice counts twice',
    file: order('lines'),
    from: 'Math.max(line.quantity, quantity)',
    to: 'line.quantity + quantity',
  },
  {
    name: 'a reversal falls back to an earlier state',
    file: order('transitions'),
    from: 'const isHigher = RANKS.indexOf(event.state) > RANKS.indexOf(known.state);',
    to: 'const isHigher = true;',
  },
  {
    name: 'a held mail keeps a serial from being made',
    file: order('due'),
    from: 'return [...makeTimes(order), ...mails, ...orphan].sort()[0];',
    to: 'return order.outbox?.held ? orphan[0] : [...makeTimes(order), ...mails, ...orphan].sort()[0];',
  },
];
