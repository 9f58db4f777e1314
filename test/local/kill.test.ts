/** After `kill -9` under load and a new start, every accepted order is stored and mailed with an unchanged serial. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import Stripe from 'stripe';
import { afterAll, expect, test } from 'vitest';
import * as z from 'zod';
import { start } from '../../local/start.ts';
import { isProve } from '../fixtures/prove.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const data = mkdtempSync(join(tmpdir(), 'keypost-kill-'));
const sample = readFileSync(
  new URL('../../functions/providers/stripe/samples/checkout.session.completed.json', import.meta.url),
  'utf8',
);
const stripe = new Stripe('sk_test_none');
const Orders = z.array(
  z.object({
    key: z.string(),
    lines: z.array(z.object({ serial: z.string() })),
    mail: z.object({ state: z.string() }),
  }),
);
const Mails = z.array(z.object({ to: z.array(z.string()) }));

let child: ChildProcess | undefined;
afterAll(() => {
  child?.kill('SIGKILL');
  rmSync(data, { recursive: true });
});

/** Starts Keypost like `npm start` and returns the address of its page. */
async function begin(): Promise<string> {
  const env = {
    ...process.env,
    PORT: '0',
    AWS_PORT: '0',
    DATA_DIR: data,
    KEYPOST_CONFIG: 'local/demo-shop.ts',
  };
  const started = spawn(process.execPath, ['--import', 'tsx', 'bin/local.ts'], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  return await new Promise((resolve, reject) => {
    let output = '';
    started.stdout.on('data', (chunk) => {
      output += chunk;
      const page = /^Keypost\s+(http:\/\/localhost:\d+)/m.exec(output)?.[1];
      if (page) resolve(page);
    });
    started.once('exit', () => reject(new Error(`no start: ${output}`)));
  });
}

async function order(page: string, n: number): Promise<boolean> {
  const event = JSON.parse(sample);
  event.data.object.payment_intent = `pi_kill${n}`;
  event.data.object.customer_details.email = `kill${n}@example.com`;
  const body = JSON.stringify(event);
  const signature = stripe.webhooks.generateTestHeaderString({
    payload: body,
    secret: 'whsec_ExampleSecret0001',
  });
  try {
    const answer = await fetch(`${page}/orders/stripe`, {
      method: 'POST',
      headers: { 'stripe-signature': signature },
      body,
    });
    return answer.status === 200;
  } catch {
    return false; // The process was killed before it answered.
  }
}

/** Each accepted order is stored and mailed, and every serial is the one that an earlier start has shown. */
async function look(page: string, accepted: ReadonlySet<number>, serials: Map<string, string>) {
  await fetch(`${page}/local/redeliver`, { method: 'POST' });
  const orders = new Map(
    Orders.parse(await (await fetch(`${page}/local/orders`)).json()).map((one) => [one.key, one]),
  );
  const mailed = new Set(
    Mails.parse(await (await fetch(`${page}/local/mails`)).json()).flatMap(({ to }) => to),
  );
  for (const n of accepted) {
    const stored = orders.get(`stripe#pi_kill${n}`);
    expect(stored?.mail.state, String(n)).toMatch(/^(sent|delivered)$/);
    expect(mailed.has(`kill${n}@example.com`), String(n)).toBe(true);
  }
  for (const { key, lines } of orders.values()) {
    const serial = lines[0]?.serial ?? '';
    expect(serials.get(key) ?? serial).toBe(serial);
    serials.set(key, serial);
  }
}

test('an accepted order is not lost by kill -9', async () => {
  const accepted = new Set<number>();
  const serials = new Map<string, string>();
  for (let attempt = 0; attempt < (isProve ? 3 : 2); attempt += 1) {
    const page = await begin();
    await look(page, accepted, serials);
    const sent = Array.from({ length: 120 }, (_, n) => attempt * 1_000 + n);
    // Seven more orders are on their way then.
    const last = accepted.size + 5 + attempt * 40;
    const worker = async () => {
      for (let n = sent.shift(); n !== undefined; n = sent.shift()) {
        if (await order(page, n)) accepted.add(n);
        if (accepted.size >= last) child?.kill('SIGKILL');
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    child?.kill('SIGKILL');
    if (child && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }
  expect(accepted.size).toBeGreaterThan(0);
  const running = await start({ port: 0, awsPort: 0, dataDir: data, catalogue: 'local/demo-shop.ts' });
  await look(running.page, accepted, serials);
  await running.stop();
}, 120_000);
