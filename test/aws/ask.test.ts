/** Asking a provider's API, over HTTP. */
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ask } from '../../functions/aws/ask.ts';
import { startServer } from '../local/server.ts';

let server: Awaited<ReturnType<typeof startServer>>;
let hang = () => {};
beforeAll(async () => {
  server = await startServer((request, response) => {
    const status = Number(request.url?.slice(1, 4));
    if (request.url === '/hangs') return hang();
    if (request.url === '/dies') return void request.socket.destroy();
    if (request.url === '/huge') return void response.end(Buffer.alloc(2 * 1024 * 1024, 'x'));
    response.writeHead(status, { location: '/200' });
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => response.end(`${request.method} ${request.headers.authorization} ${body}`));
  });
});
afterAll(() => server.stop());

test('sends the given request and returns the body', async () => {
  const init = { method: 'POST', headers: { authorization: 'Bearer rk' }, body: 'é' };
  expect(await ask(`${server.url}/200`, init)).toBe('POST Bearer rk é');
});

test.each([
  ['/429', 'provider_unavailable'],
  ['/500', 'provider_unavailable'],
  ['/503', 'provider_unavailable'],
  ['/dies', 'provider_unavailable'],
  ['/huge', 'provider_unavailable'],
  ['/400', 'provider_refused'],
  ['/401', 'provider_refused'],
  ['/403', 'provider_refused'],
  ['/404', 'provider_refused'],
  ['/302', 'provider_refused'],
])(
  '%s: %s',
  async (path, code) => {
    await expect(ask(`${server.url}${path}`)).rejects.toMatchObject({ code });
  },
  3_000,
);

test('no answer within 1.5 s: provider_unavailable', async () => {
  const over = new AbortController();
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(over.signal);
  hang = () => over.abort();
  await expect(ask(`${server.url}/hangs`)).rejects.toMatchObject({ code: 'provider_unavailable' });
  expect(timeout.mock.calls).toEqual([[1_500]]);
  timeout.mockRestore();
});

test('a refused connection: provider_unavailable', async () => {
  const closed = createServer().listen(0);
  const address = closed.address();
  await new Promise((resolve) => closed.close(resolve));
  const port = address && typeof address === 'object' ? address.port : 0;
  await expect(ask(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'provider_unavailable' });
});
