/** The providers, as their simulators play them, in front of one local system. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { LOCAL_NAMES } from '../../functions/aws/local-names.ts';
import { ownerOf } from '../../functions/core/catalogue/catalogue.ts';
import { providerKeys } from '../../functions/core/catalogue/keys.ts';
import { keyOf } from '../../functions/core/order/types.ts';
import { signOrder } from '../../functions/providers/simulate.ts';
import type { SignedRequest } from '../../functions/providers/simulator.ts';
import { loadCatalogue } from '../../lib/build/load-catalogue.ts';
import { simulators } from '../fixtures/simulators.ts';
import type { System } from './system.ts';

export interface Played {
  readonly address: string;
  readonly request: SignedRequest;
  /** The order's key in the table. */
  readonly key: string;
}

export interface Part {
  readonly event: string;
  /** Tells the buyers apart. */
  readonly buyer: number;
  /** The provider's id of an order that is there. */
  readonly id?: string;
  readonly test?: boolean;
  readonly forged?: boolean;
}

export type Players = Awaited<ReturnType<typeof playersAt>>;

export const addressOf = (buyer: number): string => `buyer${buyer}@example.com`;

export async function playersAt({ page, aws }: System) {
  const catalogue = await loadCatalogue('local/demo-shop.ts');
  const signing = await signingKeys(aws);
  const [[product = '', { skus }] = ['', { skus: {} }]] = Object.entries(catalogue.products);
  const eventsOf = (name: string) => simulators[name]?.events ?? [];
  return {
    /** The providers that can send `event` for the product. */
    whoSay: (event: string) => Object.keys(skus).filter((name) => eventsOf(name).includes(event)),
    /** Signed now: good for five minutes. */
    play(provider: string, { event, buyer, id, test = false, forged = false }: Part): Played {
      const [, secret = ''] = signing.find(([name]) => name === provider) ?? [];
      const address = `${page}/orders/${provider}`;
      const simulated = {
        provider,
        event,
        product,
        id,
        name: `Zoë Example ${buyer}`,
        email: addressOf(buyer),
      };
      const other = [...secret].reverse().join('');
      const simulator = simulators[provider];
      if (!simulator) throw new Error(`${provider} has no simulator`);
      const order = { ...simulated, company: '', test };
      const request = signOrder(simulator, order, { catalogue, secret: forged ? other : secret, address });
      return { address, request, key: keyOf(ownerOf(catalogue, provider), test, request.orderId) };
    },
  };
}

async function signingKeys(endpoint: string) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new SecretsManagerClient({ endpoint, region: 'us-east-1', credentials });
  const { SecretString = '' } = await client.send(
    new GetSecretValueCommand({ SecretId: LOCAL_NAMES.providerKeys }),
  );
  const keys = providerKeys(JSON.parse(SecretString));
  return Object.entries(keys).map(([name, key]) => [name, key?.signing[0]] as const);
}
