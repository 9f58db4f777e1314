/** What loading costs, what the first order costs, and which calls an order makes: each in a fresh process. */
import type { Bundle, Bundles } from './bundles.ts';
import { coldStart } from './sandbox.ts';
import { cpuShare } from './share.ts';
import { PROVIDERS, type ProviderName, signedOrder } from './signed-orders.ts';
import { sideBySide } from './stats.ts';
import type { StubAws } from './stub-aws.ts';

/** Module load: ours, without what it awaits to be warm, beside the three clients alone. */
export const moduleLoad = (n: number, { unwarmed, bare, cold }: Bundles) =>
  sideBySide(
    n,
    async () => (await coldStart({ cold: cold.path, bundle: unwarmed.url })).load,
    async () => (await coldStart({ cold: cold.path, bundle: bare.url })).load,
  );

/** The first order at the CPU share of `megabytes`, after warming and without it. */
export async function firstOrder(n: number, megabytes: number, bundles: Bundles, { env }: StubAws) {
  const share = cpuShare(megabytes);
  const first = async ({ url }: Bundle) => {
    const start = { cold: bundles.cold.path, bundle: url, env };
    return (await coldStart(start, [signedOrder('stripe')], share)).orders[0] ?? Number.NaN;
  };
  try {
    const times = await sideBySide(
      n,
      () => first(bundles.warmed),
      () => first(bundles.unwarmed),
    );
    return { ...times, how: share.how };
  } finally {
    share.end();
  }
}

export interface Calls {
  readonly starting: readonly string[];
  readonly orders: readonly { readonly provider: ProviderName; readonly calls: readonly string[] }[];
}

/** Every call over HTTP: those while it starts, and those between an order and its answer. */
export async function callsOfAnOrder({ warmed, cold }: Bundles, aws: StubAws): Promise<Calls> {
  const start = { cold: cold.path, bundle: warmed.url, env: aws.env };
  aws.takeCalls();
  await coldStart(start);
  const starting = aws.takeCalls();
  const orders = [];
  for (const provider of PROVIDERS) {
    await coldStart(start, [signedOrder(provider)]);
    orders.push({ provider, calls: aws.takeCalls().slice(starting.length) });
  }
  return { starting, orders };
}
