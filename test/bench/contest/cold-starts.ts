/** Measures module loading and the calls of an order, each in a fresh process. */

import { byTurns, spreadOf } from '../report/stats.ts';
import type { Bundle, Bundles } from './bundles.ts';
import { coldStart } from './sandbox.ts';
import { PROVIDERS, type ProviderName, signedOrder } from './signed-orders.ts';
import type { StubAws } from './stub-aws.ts';

/** Module load: our bundle, with and without its deferred modules, beside the three clients alone. */
export async function moduleLoad(n: number, { unwarmed, whole, bare, cold }: Bundles) {
  const loading = (bundle: Bundle) => async () =>
    (await coldStart({ cold: cold.path, bundles: [bundle.url] })).load;
  const contenders = { ours: loading(unwarmed), whole: loading(whole), others: loading(bare) };
  const found = await byTurns(n, new Map(Object.entries(contenders)));
  const of = (name: keyof typeof contenders) => spreadOf(found.get(name) ?? []);
  return { ours: of('ours'), whole: of('whole'), others: of('others') };
}

export interface Calls {
  readonly starting: readonly string[];
  readonly orders: readonly { readonly provider: ProviderName; readonly calls: readonly string[] }[];
}

/** The calls over HTTP during the start, and those between an order and its response. */
export async function callsOfAnOrder({ warmed, cold }: Bundles, aws: StubAws): Promise<Calls> {
  const start = { cold: cold.path, bundles: [warmed.url], env: aws.env };
  aws.takeCalls();
  await coldStart(start);
  const starting = aws.takeCalls();
  const orders = [];
  for (const provider of PROVIDERS) {
    await coldStart(start, [{ at: 0, event: signedOrder(provider) }]);
    orders.push({ provider, calls: aws.takeCalls().slice(starting.length) });
  }
  return { starting, orders };
}
