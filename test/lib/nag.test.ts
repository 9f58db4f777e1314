/** The AwsSolutions rules of cdk-nag pass, except for the findings that docs/security.md acknowledges with a reason. */
import { readFileSync, rmSync } from 'node:fs';
import { Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { expect } from 'vitest';
import * as z from 'zod';
import demo from '../../local/demo-shop.ts';
import { testEach } from '../fixtures/in-words.ts';
import { stackOf } from './stack-of.ts';

const [, table = ''] =
  /^## What cdk-nag finds\n([\s\S]*?)(?=^## )/m.exec(readFileSync('docs/security.md', 'utf8')) ?? [];
const acknowledged = [
  ...table.matchAll(/^\| `(AwsSolutions-[^|]+)` \| ([^|]+) \| ([^|]{20,}) \|$/gm),
].flatMap(([, rule = '', resources = '', reason = '']) =>
  [...resources.matchAll(/`(\w+)`/g)].map(([, resource = '']) => ({ rule, resource, reason })),
);

const Report = z.object({
  violations: z.array(
    z.object({ ruleName: z.string(), violatingResources: z.array(z.object({ constructPath: z.string() })) }),
  ),
});

testEach([['records'], ['existing'], [{ zone: { id: 'Z0123456789EXAMPLE', name: 'example.com' } }]] as const)(
  'where the identity is $0, the findings of the rules are exactly the acknowledged ones',
  (identity) => {
    const { app, stack, folder } = stackOf({ seller: { ...demo.seller, identity } });
    const check = () => Report.parse(new AwsSolutionsChecks(app).validateScope(app)).violations;
    try {
      const found = check().flatMap(({ ruleName, violatingResources }) =>
        violatingResources.map(({ constructPath }) => `${ruleName} of ${constructPath.split('/')[1]}`),
      );
      // Each route of the API is a finding of its own.
      expect([...new Set(found)].sort()).toEqual(
        acknowledged.map(({ rule, resource }) => `${rule} of ${resource}`).sort(),
      );
      for (const { rule: id, resource, reason } of acknowledged)
        Validations.of(stack.node.findChild(resource)).acknowledge({ id, reason });
      expect(check()).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
