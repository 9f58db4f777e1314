/** The webhook's Lambda: instances start, are reused and die. Responses are those of functions/webhook.ts. */
import { fulfil } from '../../../functions/core/fulfil.ts';
import type { Provider } from '../../../functions/core/inbound/provider.ts';
import { Rejection } from '../../../functions/core/inbound/rejection.ts';
import type { WebhookRequest } from '../../../functions/core/inbound/request.ts';
import { requestWorld } from '../../../functions/core/request-world.ts';
import type { Ports } from '../../../functions/core/world.ts';
import { Fault } from '../aws/calls.ts';
import { providerOf } from '../script/requests.ts';
import type { ProviderName } from '../script/schedules.ts';
import type { Sim } from '../world/sim.ts';
import { kill, type Process, processOf, thaw } from './process.ts';

/** The time limit of the Lambda. */
const LAMBDA_MS = 10_000;
const STATUS: Readonly<Record<string, number>> = {
  no_signature: 401,
  bad_signature: 401,
  stale: 401,
  bad_body: 400,
};

interface Instance {
  readonly process: Process;
  readonly ports: Ports;
}

/** @param portsOf creates what all requests of one process share. */
export function webhookOf(sim: Sim, portsOf: (process: Process) => Ports) {
  const idle: Instance[] = [];
  const newInstance = (): Instance => {
    const process = processOf(sim, 'w');
    return { process, ports: portsOf(process) };
  };
  const pickInstance = (): Instance => {
    const at = sim.random.below(idle.length + 1);
    const [one] = at < idle.length ? idle.splice(at, 1) : [];
    return one?.process.alive ? one : newInstance();
  };

  /** Calls back with the status, or never. */
  return (name: ProviderName, request: WebhookRequest, answered: (status: number) => void): void => {
    const instance = pickInstance();
    const { process, ports } = instance;
    // Unfinished work belongs to a request that was verified.
    process.verified = process.parked.length > 0;
    thaw(process);
    let over = false;
    sim.clock.at(sim.clock.now + LAMBDA_MS, () => {
      if (!over) kill(sim, process);
    });
    process.ends.push(() => {
      if (!over) answered(500);
      over = true;
    });
    const end = (status: number) => {
      over = true;
      process.ends.length = 0;
      answered(status);
      // Unfinished work is frozen until the next request.
      process.frozen = true;
      if (sim.random.chance(0.9)) idle.push(instance);
    };
    respond(
      requestWorld(ports, name, request),
      withVerifyCheck(providerOf(name), process, sim),
      request,
    ).then(end, (error) => {
      if (error instanceof Rejection) return end(STATUS[error.code] ?? 503);
      if (!isFault(error)) sim.violation('only injected faults are thrown', String(error));
      end(500);
    });
  };
}

/** Over HTTP a call may also be slow by itself. */
export const isFault = (error: unknown) =>
  error instanceof Fault || (error instanceof Error && /^(Timeout|Abort)Error$/.test(error.name));

async function respond(
  world: ReturnType<typeof requestWorld>,
  provider: Provider,
  request: WebhookRequest,
): Promise<number> {
  for await (const _ of fulfil(world, provider, request));
  return 200;
}

/** Wraps the provider and records that the request has been verified. */
function withVerifyCheck(provider: Provider, process: Process, sim: Sim): Provider {
  return {
    ...provider,
    async verify(request, context) {
      await provider.verify(request, context);
      process.verified = true;
    },
    read(request, context) {
      if (!process.verified) sim.violation('no request is parsed before it is verified', process.id);
      return provider.read(request, context);
    },
  };
}
