/** cdk-nag's AwsSolutions rules pass; what is acknowledged stands in docs/security.md with its reason, and nothing else does. */
import { readFileSync, rmSync } from 'node:fs';
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { stackOf } from './stack-of.ts';

const [, table = ''] =
  /^## What cdk-nag finds\n([\s\S]*?)(?=^## )/m.exec(readFileSync('docs/security.md', 'utf8')) ?? [];
const acknowledged = [
  ...table.matchAll(/^\| `(AwsSolutions-[^|]+)` \| ([^|]+) \| ([^|]{20,}) \|$/gm),
].flatMap(([, rule = '', places = '', reason = '']) =>
  [...places.matchAll(/`(\w+)`/g)].map(([, place = '']) => ({ rule, place, reason })),
);

const Report = z.object({
  violations: z.array(
    z.object({ ruleName: z.string(), violatingResources: z.array(z.object({ constructPath: z.string() })) }),
  ),
});

test.each(['records', 'existing', { zone: { id: 'Z0123456789EXAMPLE', name: 'example.com' } }] as const)(
  'what the rules find is acknowledged, and what is acknowledged is found: %j',
  (identity) => {
    const { app, stack, folder } = stackOf(identity);
    const check = () => Report.parse(new AwsSolutionsChecks(app).validateScope(app)).violations;
    try {
      const found = check().flatMap(({ ruleName, violatingResources }) =>
        violatingResources.map(({ constructPath }) => `${ruleName} of ${constructPath.split('/')[1]}`),
      );
      expect(found.sort()).toEqual(acknowledged.map(({ rule, place }) => `${rule} of ${place}`).sort());
      for (const { rule: id, place, reason } of acknowledged)
        Validations.of(stack.node.findChild(place)).acknowledge({ id, reason });
      expect(check()).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
