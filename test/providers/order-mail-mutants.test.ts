/**
 * Mutated mails: bytes and lines of the samples are changed, dropped, doubled, moved and mixed. No mutant causes another
 * error than a refusal, and none has another licensee. KEYPOST_MUTANT_MAILS=100000 runs more.
 */
import { expect, test } from 'vitest';
import { Rejection } from '../../functions/core/inbound/rejection.ts';
import { contextFrom } from '../../functions/core/request-world.ts';
import { withSerials } from '../../functions/core/serial/lines.ts';
import { mailStores } from '../../functions/providers/mail-stores.ts';
import { catalogueWith } from '../fixtures/catalogue.ts';
import { type Encoding, GENUINE, MAIL_SETTINGS, PASS, withText } from '../fixtures/order-mails.ts';
import { randomOf } from '../simulation/world/random.ts';

const MUTANTS = Number(process.env.KEYPOST_MUTANT_MAILS ?? 10_000);
const catalogue = catalogueWith(MAIL_SETTINGS);
const ports = { catalogue, now: () => Date.parse('2026-11-27T12:00:00Z'), ask: async () => '' };

/** The words of the buyer's names, whose lines are not changed: a changed name that is stated once is another name. */
const NAMES =
  /Hannah|Oduya|Jos|N\S+ez|Hijos|Marta|Kowalczyk|Ren|Angelo|Priya|Raman|Aiko|Tanaka|דנה|לוי|M\S+ller|J\S+rg/;
const ENCODINGS: readonly [Encoding, ...Encoding[]] = ['8bit', 'base64', 'quoted-printable'];
const CHARS = [...'0123456789.,:;=|$€-_#*@<>"\'&% \t\0\u00e9\u2028aZ'];

const samples = await Promise.all(
  GENUINE.map(async (sample) => {
    const kind = catalogue.providers[sample.store]?.as ?? sample.store;
    const store = mailStores[kind];
    if (!store) throw new Error(kind);
    const context = contextFrom(ports, sample.store, {});
    const [event] = await store.read({ method: 'POST', headers: {}, query: '', body: sample.raw }, context);
    return { ...sample, mailStore: store, context, licensee: licenseeOf(event) };
  }),
);
/** Lines of all mails that state no name. */
const pool = GENUINE.flatMap(({ raw }) => {
  let lines: string[] = [];
  withText(raw, (text) => {
    lines = text.split('\n');
    return text;
  });
  return lines.filter((line) => line && !NAMES.test(line));
});

function licenseeOf(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null || !('buyer' in event)) return undefined;
  const { registration, name } = Object(event.buyer);
  return registration ?? name;
}

function mutate(text: string, random: ReturnType<typeof randomOf>): string {
  const lines = text.split('\n');
  for (let n = random.between(1, 3); n > 0; n -= 1) {
    const at = random.below(lines.length);
    const line = lines[at] ?? '';
    const isName = NAMES.test(line);
    const other = pool[random.below(pool.length)] ?? '';
    const char = CHARS[random.below(CHARS.length)] ?? '';
    const place = random.below(line.length + 1);
    const changes: (() => void)[] = [
      () => lines.splice(at, 0, line),
      () => lines.splice(at, 0, other),
      () => lines.splice(random.below(lines.length), 0, line),
      () => lines.splice(at, 0, `> ${other}`),
    ];
    if (!isName)
      changes.push(
        () => lines.splice(at, 1),
        () => lines.splice(at, 1, other),
        () => lines.splice(at, 1, line.slice(0, place) + char + line.slice(place)),
        () => lines.splice(at, 1, line.slice(0, place) + line.slice(place + 1)),
        () => lines.splice(at, 1, line.slice(0, place) + char + line.slice(place + 1)),
        () => lines.splice(at, 1, line.replace(/\d/, char)),
      );
    changes[random.below(changes.length)]?.();
  }
  return lines.join('\n');
}

/** Changes bytes anywhere, headers and boundaries included. */
function corrupt(raw: Buffer, random: ReturnType<typeof randomOf>): Buffer {
  const bytes = Buffer.from(raw);
  for (let n = random.between(1, 8); n > 0; n -= 1) bytes[random.below(bytes.length)] = random.below(256);
  const cut = random.below(bytes.length);
  return random.chance(0.2) ? bytes.subarray(0, cut) : bytes;
}

test(`${MUTANTS} mutants cause no exception and no wrong licensee`, { timeout: 600_000 }, async () => {
  const counts = { fulfilled: 0, refused: 0, ignored: 0 };
  for (let n = 0; n < MUTANTS; n += 1) {
    const random = randomOf(20, n);
    const { raw, mailStore, context, licensee, store, file } = samples[n % samples.length] ?? (await fail());
    const isCorrupt = random.chance(0.2);
    const body = isCorrupt
      ? corrupt(raw, random)
      : withText(raw, (text) => mutate(text, random), random.pick(ENCODINGS));
    const request = { method: 'POST', headers: {}, query: '', body, verdicts: PASS };
    try {
      await mailStore.verify(request, context);
      const events = await mailStore.read(request, context);
      for (const event of events) {
        await withSerials({ catalogue, provider: store, productKeys: { read: async () => ({}) } }, event);
        if (!isCorrupt) expect(licenseeOf(event), `mutant ${n} of ${file}`).toBe(licensee);
      }
      counts[events.length > 0 ? 'fulfilled' : 'ignored'] += 1;
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      counts.refused += 1;
    }
  }
  // Mutants of both outcomes: otherwise the test shows nothing.
  expect(counts.refused).toBeGreaterThan(MUTANTS / 2);
  expect(counts.fulfilled).toBeGreaterThan(MUTANTS / 50);
});

const fail = (): Promise<never> => Promise.reject(new Error('there is no sample'));
