/** Runs the Lambda's work for an order repeatedly in this process. */
import { DynamoDBClient, PutItemCommand, type PutItemCommandInput } from '@aws-sdk/client-dynamodb';
import { SESClient, SendRawEmailCommand, type SendRawEmailCommandInput } from '@aws-sdk/client-ses';
import { orderStore } from '../../../functions/aws/dynamodb/orders.ts';
import { toRequest } from '../../../functions/aws/http-api.ts';
import { logReports } from '../../../functions/aws/reports.ts';
import { sesMailer } from '../../../functions/aws/ses/mailer.ts';
import { productKeys, providerKeys } from '../../../functions/core/catalogue/keys.ts';
import { fulfil } from '../../../functions/core/fulfil.ts';
import { requestWorld } from '../../../functions/core/request-world.ts';
import type { Ports } from '../../../functions/core/world.ts';
import { providers } from '../../../functions/providers/index.ts';
import { SECRETS } from '../contest/signed-orders.ts';
import type { Clients, ThreeCalls } from '../contest/three-calls.ts';
import { catalogue, orderOf, SIGNING } from './every-provider.ts';

/** As `webhook.ts` joins the parts; the keys are read already, as in a Lambda that is warm. */
export function oneOrder(provider: string, { dynamo, ses }: Clients): () => Promise<void> {
  const cached = <Value>(value: Value) => ({ read: async () => value, newer: async () => undefined });
  const { event, ask } = orderOf(provider);
  const shared: Ports = {
    catalogue,
    now: Date.now,
    ask,
    report: logReports('Keypost', Date.now, () => undefined),
    productKeys: cached(productKeys(SECRETS['product-keys'])),
    providerKeys: cached(providerKeys(SIGNING)),
    mailer: sesMailer(ses, 'keypost'),
    store: orderStore(dynamo, 'orders'),
  };
  const by = providers[provider];
  if (!by) throw new Error(`no provider ${provider}`);
  return async () => {
    const request = toRequest(event);
    let served = false;
    for await (const { mail, issued } of fulfil(requestWorld(shared, provider, request), by, request)) {
      served = mail !== undefined || (issued?.size ?? 0) > 0;
    }
    if (!served) throw new Error(`${provider}: an order without a serial on its way is not what is measured`);
  };
}

/** The calls to AWS of an order of this provider, ready to be repeated. */
export async function callsOf(provider: string): Promise<ThreeCalls> {
  const puts: PutItemCommandInput[] = [];
  const mails: SendRawEmailCommandInput[] = [];
  const clients = deafClients((command) => {
    if (command instanceof PutItemCommand) puts.push(command.input);
    if (command instanceof SendRawEmailCommand) mails.push(command.input);
  });
  await oneOrder(provider, clients)();
  const [[record, mark, more], [sent]] = [puts, mails];
  if (!record || !mark || more || !sent) throw new Error(`${provider}: an order of other than three calls`);
  const { RawMessage, ...mail } = sent;
  return { record, mail, mime: Buffer.from(RawMessage?.Data ?? '').toString('base64'), mark };
}

const ACCOUNT = {
  region: 'us-east-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
};

/** Clients that respond before the SDK does any work. The rest is our own work. */
export function deafClients(hear: (command: object) => void = () => undefined): Clients {
  const send = async (command: object) => {
    hear(command);
    return { $metadata: {}, MessageId: '0100-bench' };
  };
  return {
    dynamo: Object.assign(new DynamoDBClient(ACCOUNT), { send }),
    ses: Object.assign(new SESClient(ACCOUNT), { send }),
  };
}

/** Clients that do everything except the network call. */
export function loopedClients(): Clients {
  const answering = (body: string) => ({
    handle: async () => ({ response: { statusCode: 200, headers: {}, body: Buffer.from(body) } }),
  });
  return {
    dynamo: new DynamoDBClient({ ...ACCOUNT, requestHandler: answering('{}') }),
    ses: new SESClient({ ...ACCOUNT, requestHandler: answering(SENT) }),
  };
}

const SENT = '<R><SendRawEmailResult><MessageId>0100-bench</MessageId></SendRawEmailResult></R>';
