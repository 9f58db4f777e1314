/** What an order costs us, in milliseconds of CPU: all that happens between the event and AWS, and back. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SESClient } from '@aws-sdk/client-ses';
import { Bench } from 'tinybench';
import { ask } from '../../functions/aws/ask.ts';
import { toRequest } from '../../functions/aws/http-api.ts';
import { orderStore } from '../../functions/aws/orders.ts';
import { logReports } from '../../functions/aws/reports.ts';
import { sesMailer } from '../../functions/aws/ses.ts';
import { fulfil } from '../../functions/core/fulfil.ts';
import { productKeys, providerKeys } from '../../functions/core/keys.ts';
import { requestWorld, type Shared } from '../../functions/core/request-world.ts';
import { providers } from '../../functions/providers/index.ts';
import catalogue from './catalogue.ts';
import { PROVIDERS, type ProviderName, SECRETS, signedOrder } from './signed-orders.ts';
import { type Spread, spreadOf } from './stats.ts';

export interface OwnWork {
  readonly provider: ProviderName;
  readonly own: Spread;
  /** With the SDK's work on the three calls, which are answered at once and never leave the process. */
  readonly withSdk: Spread;
}

export async function ownWork(orders: number): Promise<OwnWork[]> {
  const bench = new Bench({
    now: () => cpuMs(),
    iterations: orders,
    time: 0,
    warmupIterations: orders,
    warmupTime: 0,
    retainSamples: true,
    throws: true,
  });
  for (const provider of PROVIDERS) {
    bench.add(`${provider} own`, order(provider, deafClients()));
    bench.add(`${provider} with SDK`, order(provider, loopedClients()));
  }
  await bench.run();
  const spread = (task: string): Spread => {
    const result = bench.getTask(task)?.result;
    if (result?.state !== 'completed') throw new Error(`${task} was not measured`);
    return spreadOf(result.latency.samples ?? []);
  };
  return PROVIDERS.map((provider) => ({
    provider,
    own: spread(`${provider} own`),
    withSdk: spread(`${provider} with SDK`),
  }));
}

/** User and system time of all threads, the garbage collector's too. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

interface Clients {
  readonly dynamo: DynamoDBClient;
  readonly ses: SESClient;
}

/** As `webhook.ts` joins the parts; the keys are read already, as in a Lambda that is warm. */
function order(provider: ProviderName, { dynamo, ses }: Clients): () => Promise<void> {
  const cached = <Value>(value: Value) => ({ read: async () => value, newer: async () => undefined });
  const shared: Shared = {
    catalogue,
    now: Date.now,
    ask,
    report: logReports('Keypost', Date.now, () => undefined),
    productKeys: cached(productKeys(SECRETS['product-keys'])),
    providerKeys: cached(providerKeys(SECRETS['provider-keys'])),
    mailer: sesMailer(ses, 'keypost'),
    store: (ms) => orderStore(dynamo, 'orders', () => AbortSignal.timeout(ms())),
  };
  const event = signedOrder(provider);
  const by = providers[provider];
  if (!by) throw new Error(`no provider ${provider}`);
  return async () => {
    const request = toRequest(event);
    let mailed = false;
    for await (const claim of fulfil(requestWorld(shared, provider, request), by, request)) {
      mailed = claim.mailIsOurs;
    }
    if (!mailed) throw new Error('an order without a mail is not what is measured here');
  };
}

const ACCOUNT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
};

/** Clients that answer before the SDK has done anything: what is left is our work. */
function deafClients(): Clients {
  const send = async () => ({ $metadata: {}, MessageId: '0100-bench' });
  return {
    dynamo: Object.assign(new DynamoDBClient(ACCOUNT), { send }),
    ses: Object.assign(new SESClient(ACCOUNT), { send }),
  };
}

/** Clients that do all they ever do, but for the network. */
function loopedClients(): Clients {
  const answering = (body: string) => ({
    handle: async () => ({ response: { statusCode: 200, headers: {}, body: Buffer.from(body) } }),
  });
  return {
    dynamo: new DynamoDBClient({ ...ACCOUNT, requestHandler: answering('{}') }),
    ses: new SESClient({ ...ACCOUNT, requestHandler: answering(SENT) }),
  };
}

const SENT = '<R><SendRawEmailResult><MessageId>0100-bench</MessageId></SendRawEmailResult></R>';
