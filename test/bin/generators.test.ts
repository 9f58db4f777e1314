/** Keys and lists of signed licences, verified with Node's own Ed25519, and `generator check`. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { run } from '../../bin/commands/cli/program.ts';
import { type Running, start } from '../../local/start.ts';
import { catalogueFile, serial } from '../fixtures/catalogue.ts';

const folder = mkdtempSync(join(tmpdir(), 'keypost-generators-'));
const config = join(folder, 'shop.ts');
writeFileSync(
  config,
  catalogueFile({
    providers: { shop: {} },
    products: {
      signed: { name: 'Signed', serial: { kind: 'ed25519', product: 7 }, skus: { shop: ['signed'] } },
      aes: { name: 'Aes', serial, skus: { shop: ['aes'] } },
    },
  }),
);
let running: Running;
beforeAll(async () => {
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: config });
}, 60_000);
afterAll(async () => {
  await running.stop();
  rmSync(folder, { recursive: true });
});

async function keypost(...args: string[]) {
  const [printed, complaints]: [string[], string[]] = [[], []];
  const port = (url: string) => new URL(url).port;
  const code = await run(args, {
    env: { KEYPOST_CONFIG: config, PORT: port(running.page), AWS_PORT: port(running.aws) },
    print: (line) => void printed.push(line),
    complain: (line) => void complaints.push(line),
    readSecret: async () => 'a-signing-key-of-the-shop',
  });
  return { code, text: printed.join('\n'), complaint: complaints.join('\n') };
}
const local = async (args: string) => keypost(...args.split(' '), '--local');
const jsonOf = async (args: string): Promise<unknown> => {
  const { code, text, complaint } = await local(`${args} --json`);
  expect([code, complaint]).toEqual([0, '']);
  return JSON.parse(text);
};

const Public = z.strictObject({ publicKey: z.base64().length(44), keyNumber: z.number() });
/** RFC 8410: this prefix and the 32 bytes are the DER of a public key. */
const publicKey = (key: string) =>
  createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(key, 'base64')]),
    ...{ format: 'der', type: 'spki' },
  });

function payloadOf(text: string, prefix: string, domain: string, key: string): Buffer {
  expect(text.startsWith(prefix)).toBe(true);
  const bytes = Buffer.from(text.slice(prefix.length), 'base64url');
  const payload = bytes.subarray(0, -64);
  const signed = Buffer.concat([Buffer.from(`${domain}\0`), payload]);
  expect(verify(null, signed, publicKey(key), bytes.subarray(-64))).toBe(true);
  return payload;
}
const payloadOfLicence = (text: string, key: string) => payloadOf(text, 'KP1-', 'keypost/licence/v1', key);
const Order = z.object({ lines: z.tuple([z.object({ serial: z.string() })]) });
const idOf = (issue: number) => createHash('sha256').update(`shop#S1\n0\n${issue}`).digest().subarray(0, 8);

test('signed licences: keys are made, rotated and shown, and replaced and refunded licences are listed', async () => {
  expect((await local('keys public signed')).complaint).toMatch(/no key; make one with `.*keys generate/);
  expect((await local('keys list')).text).toMatch(/signed .*keys generate signed/);
  const first = Public.parse(await jsonOf('keys generate signed'));
  expect((await local('keys generate signed --json')).code).toBe(1);
  await local('keys set shop');
  const order = async () => {
    const { lines } = Order.parse(await jsonOf('orders show shop#S1'));
    return lines[0].serial;
  };
  await local('simulate shop --live --product signed --id S1 --email a@example.com --name Zoë');
  const old = await order();
  const payload = payloadOfLicence(old, first.publicKey);
  expect([
    payload[0],
    payload.readUInt16BE(1),
    payload.subarray(8, 16),
    payload.subarray(16).toString(),
  ]).toEqual([0x11, 7, idOf(1), 'Zoë']);

  const second = Public.parse(await jsonOf('keys rotate signed'));
  expect([first.keyNumber, second.keyNumber]).toEqual([1, 2]);
  expect(await jsonOf('keys public signed')).toEqual(
    [first, second].map(({ keyNumber, publicKey: key }) => ({
      ...{ version: keyNumber, hex: Buffer.from(key, 'base64').toString('hex') },
    })),
  );
  expect((await local('keys rotate signed')).text).toContain('key 2 has signed 0 licences');

  const revoked = async (key: string) => {
    const { text } = await local('revoked export signed');
    return payloadOf(text, 'KPR1-', 'keypost/revoked/v1', key);
  };
  const { hex: newest = '' } =
    z.array(z.object({ hex: z.string() })).parse(await jsonOf('keys public signed'))[2] ?? {};
  const key = Buffer.from(newest, 'hex').toString('base64');
  expect(await revoked(key)).toHaveLength(5);
  await local('orders reissue shop#S1 --name Zoe');
  expect((await revoked(key)).subarray(5)).toEqual(idOf(1));
  await local('simulate shop --live --product signed --id S1 --event refunded');
  expect((await revoked(key)).subarray(5)).toEqual(Buffer.concat([idOf(1), idOf(2)].sort(Buffer.compare)));

  const replaced = await order();
  await local('person erase --email a@example.com --yes');
  expect((await revoked(key)).subarray(5)).toEqual(Buffer.concat([idOf(1), idOf(2)].sort(Buffer.compare)));

  for (const [name, text, result] of [
    ['Zoë', old, 'exact'],
    ['Zoe', replaced, 'exact'],
    ['Zoe', old, 'not ours'],
  ] as const) {
    const args = [
      'serial',
      'check',
      '--product',
      'signed',
      '--name',
      name,
      '--serial',
      text,
      '--local',
      '--json',
    ];
    const { code, text: answer } = await keypost(...args);
    const valid = result === 'exact';
    expect([code, JSON.parse(answer)]).toEqual([valid ? 0 : 1, { valid, result, licensee: name }]);
  }
});

test('a product with another kind of serial has no public key', async () => {
  expect(await jsonOf('keys generate aes')).toEqual({ keyNumber: 1 });
  for (const verb of ['keys public aes', 'keys rotate aes', 'revoked export aes'])
    expect(await local(verb)).toMatchObject({ code: 1, complaint: expect.stringContaining('only') });
});

describe('generator check', () => {
  const FOLDER = 'test/fixtures/generators';
  const check = (module: string, ...options: string[]) =>
    keypost('generator', 'check', `${FOLDER}/${module}.wasm`, ...options);
  const vectors = (text: string | Buffer) => {
    const file = join(folder, 'pairs.csv');
    writeFileSync(file, text);
    return ['--vectors', file];
  };

  test.each<[string, string, string[], number, unknown]>([
    ['a module that may run', 'moody', [], 0, []],
    ['one that may not', 'hostile/nomax', [], 1, [expect.stringContaining('--max-memory')]],
    ['genuine pairs', 'moody', ['Joe,M-3-OK\nJane,M-4-OK\n'], 0, []],
    [
      'a heading and a byte order mark',
      'moody',
      ['\ufeffname,serial\r\nJoe,M-3-OK\r\nJane,M-4-OK\r\n'],
      0,
      [],
    ],
    [
      'names in quotes',
      'keygen',
      ['"Jane Q. Sample",DWB6-BG45-5W7W-0A76,widgetpro\n"Jane Q. Sample",MW9J-5D93-L82U-0963,prog\n'],
      0,
      [],
    ],
    ['a wrong pair', 'moody', ['Joe,M-3-OK\nJane,M-5-OK\n'], 1, [expect.stringContaining('vectors[1]')]],
  ])('--json judges %s', async (_, module, [csv], code, faults) => {
    const result = await check(module, '--json', ...(csv === undefined ? [] : vectors(csv)));
    expect([result.code, JSON.parse(result.text)]).toEqual([code, { ok: code === 0, faults }]);
  });

  test.each([
    ['one pair', 'Joe,M-3-OK\n', /found 1 pairs, expected at least 2/],
    ['a heading and one pair', 'name,serial,product\nJoe,M-3-OK,x\n', /found 1 pairs/],
    ['no serial', 'Joe\nJane\n', /expected lines like/],
    ['four columns', 'Joe,M-3-OK,x,y\nJane,M-4-OK,x,y\n', /expected lines like/],
    ['an open quote', '"Joe,M-3-OK\n', /Quote/],
  ])('refuses a file with %s', async (_, csv, complaint) => {
    expect(await check('moody', ...vectors(csv))).toMatchObject({
      code: 1,
      complaint: expect.stringMatching(complaint),
    });
  });

  test('names a file that is missing or is no module', async () => {
    expect((await check('none')).complaint).toMatch(/none\.wasm cannot be read/);
    expect(await keypost('generator', 'check', config)).toMatchObject({
      code: 1,
      complaint: expect.stringContaining('no WebAssembly'),
    });
  });
});
