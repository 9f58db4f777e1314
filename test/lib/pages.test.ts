/** The buyers' pages in the template and in the bundles: they exist only if the catalogue enables them. */
import { rmSync } from 'node:fs';
import { Template } from 'aws-cdk-lib/assertions';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import type { LambdaName } from '../../lib/build/bundle.ts';
import { bundling } from '../../lib/build/bundle.ts';
import { catalogueWith } from '../fixtures/catalogue.ts';
import { stackOf } from './stack-of.ts';

function templateOf(settings: Parameters<typeof stackOf>[0]) {
  const { stack, folder } = stackOf(settings);
  try {
    return Template.fromStack(stack);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('with pages', () => {
  const template = templateOf({ pages: { domain: 'aws' } });
  const roles = (role: string) =>
    Object.values(template.findResources('AWS::IAM::Policy'))
      .filter(({ Properties }) => JSON.stringify(Properties.Roles).includes(role))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement);

  test('their routes have limits of their own', () => {
    const [stage] = Object.values(template.findResources('AWS::ApiGatewayV2::Stage'));
    const { RouteSettings: limits } = stage?.Properties ?? {};
    for (const path of ['/licences', '/licences/{page+}', '/claim'])
      expect(limits[`ANY ${path}`]).toEqual({ ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20 });
    expect(limits['ANY /orders/shop'].ThrottlingRateLimit).toBe(50);
  });

  test('the counters expire, and an alarm reports the overall limit', () => {
    template.hasResourceProperties('AWS::DynamoDB::Table', {
      TimeToLiveSpecification: { AttributeName: 'until', Enabled: true },
    });
    template.hasResourceProperties('AWS::CloudWatch::Alarm', { MetricName: 'PageLimits' });
  });

  test('the pages delete nothing, and redeliver deletes requests only', () => {
    expect(JSON.stringify(roles('PagesRole'))).not.toContain('Delete');
    const deletes = roles('RedeliverRole').filter(({ Action }) => Action === 'dynamodb:DeleteItem');
    expect(deletes.map(({ Condition }) => Condition)).toEqual([
      { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['request#*'] } },
    ]);
  });

  test('the pages read product keys only for claim codes and corrections', () => {
    const reads = (pages: object) =>
      JSON.stringify(
        templateOf({ pages: { domain: 'aws', ...pages } }).findResources('AWS::IAM::Policy', {
          Properties: { Roles: [{ Ref: expect.stringContaining('PagesRole') }] },
        }),
      ).includes('ProductKeys');
    expect(JSON.stringify(roles('PagesRole'))).toContain('ProductKeys');
    expect(reads({ codes: false, corrections: false })).toBe(false);
  });
});

test('without a domain the deployment stops', () => {
  expect(() => templateOf({ pages: {} })).toThrow(
    'pages: found no domain; write api: { domain, certificate }',
  );
});

test('without pages the template and the bundles have nothing of them', async () => {
  const template = templateOf({});
  expect(JSON.stringify(template.toJSON())).not.toMatch(/licences|KeypostKeys|Limits/);
  // The policy of a person who answers buyers reads the index with and without pages; no Lambda does.
  expect(JSON.stringify(template.findResources('AWS::IAM::Policy'))).not.toContain('byEmail');
  const inputs = async (name: LambdaName, pages?: { readonly domain: 'aws' }) => {
    const { metafile } = await build({
      ...bundling(catalogueWith(pages ? { pages } : {})),
      ...{ entryPoints: [`functions/${name}.ts`], outdir: '.bundles/none', write: false, metafile: true },
    });
    return Object.keys(metafile.inputs).filter((file) => file.includes('core/pages/'));
  };
  for (const name of ['webhook', 'redeliver', 'reconcile'] as const) expect(await inputs(name)).toEqual([]);
  expect(await inputs('redeliver', { domain: 'aws' })).toContain('functions/core/pages/requests.ts');
});
