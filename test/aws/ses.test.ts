/** Sends mails through the real SES client to a fake SES, and parses them with another library. */
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { devNull } from 'node:os';
import fc from 'fast-check';
import PostalMime from 'postal-mime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect, sesClient, sesMailer } from '../../functions/aws/ses/mailer.ts';
import { toMime } from '../../functions/aws/ses/mime.ts';
import type { Message } from '../../functions/core/mail/message.ts';
import { anyChar } from '../fixtures/any-char.ts';
import { testEach } from '../fixtures/in-words.ts';

const MESSAGE: Message = {
  to: 'zoe@example.com',
  from: { name: 'Widget Works', address: 'orders@widgets.example.com' },
  replyTo: 'support@widgets.example.com',
  subject: 'Your serial',
  text: 'Name:\nZoë Example\n\nSerial:\nA9E07D2D\n',
  html: '<p>Zoë Example</p>\n',
  headers: { 'Auto-Submitted': 'auto-generated', 'X-Entity-Ref-ID': 'stripe#pi_3Example' },
  tags: { order: 'c3RyaXBl', version: '2' },
};
const SENT = `<SendRawEmailResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><SendRawEmailResult>
<MessageId>0100-example</MessageId></SendRawEmailResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></SendRawEmailResponse>`;
/** https://docs.aws.amazon.com/ses/latest/DeveloperGuide/using-ses-api-responses.html */
const fault = (
  code: string,
  message: string,
) => `<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/">
<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>r</RequestId></ErrorResponse>`;

const servers: Server[] = [];
const seen = { requests: 0, connections: 0 };

/** Starts a fake SES that answers with `listener`, and points the AWS settings to it. */
async function ses(listener: RequestListener): Promise<void> {
  const server = createServer((request, response) => {
    seen.requests += 1;
    listener(request, response);
  });
  server.on('connection', () => {
    seen.connections += 1;
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
}

const answering =
  (status: number, body: string): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
  };

const send = (message: Message = MESSAGE) => sesMailer(sesClient(), 'keypost')(message);

/** Records the timers of the next call: the time is over when the test ends the first, which is the limit of the call. */
function timeLimit() {
  const timers: { readonly ms: number | undefined; readonly end: () => void }[] = [];
  const set = globalThis.setTimeout;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation((end, ms) => {
    timers.push({ ms, end });
    return set(() => undefined, 0);
  });
  return { limit: () => timers[0]?.ms, end: () => timers[0]?.end() };
}

beforeEach(() => {
  Object.assign(seen, { requests: 0, connections: 0 });
  const env = { REGION: 'us-east-1', ACCESS_KEY_ID: 'test', SECRET_ACCESS_KEY: 'test', MAX_ATTEMPTS: '5' };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(`AWS_${name}`, value);
  for (const name of ['CONFIG_FILE', 'SHARED_CREDENTIALS_FILE']) vi.stubEnv(`AWS_${name}`, devNull);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
  vi.restoreAllMocks();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await once(server.close(), 'close');
  }
});

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('a mail that SES accepts', () => {
  it('is sent with one SendRawEmail request', async () => {
    let form = new URLSearchParams();
    await ses(async (request, response) => {
      form = new URLSearchParams(await bodyOf(request));
      answering(200, SENT)(request, response);
    });
    expect(await send()).toEqual({ kind: 'sent', messageId: '0100-example' });
    const raw = form.get('RawMessage.Data') ?? '';
    form.delete('RawMessage.Data');
    expect(Object.fromEntries(form)).toEqual({
      Action: 'SendRawEmail',
      Version: '2010-12-01',
      Source: 'orders@widgets.example.com',
      'Destinations.member.1': 'zoe@example.com',
      ConfigurationSetName: 'keypost',
      'Tags.member.1.Name': 'order',
      'Tags.member.1.Value': 'c3RyaXBl',
      'Tags.member.2.Name': 'version',
      'Tags.member.2.Value': '2',
    });
    expect(await PostalMime.parse(Buffer.from(raw, 'base64'))).toMatchObject({ subject: 'Your serial' });
    expect(seen.requests).toBe(1);
  });

  it('has an unknown result if SES returns no message ID', async () => {
    await ses(answering(200, '<html>a proxy</html>'));
    expect(await send()).toEqual({ kind: 'unknown', code: 'no_message_id' });
  });
});

describe('a mail that SES does not accept', () => {
  // Codes: https://docs.aws.amazon.com/ses/latest/APIReference/CommonErrors.html and API_SendRawEmail.html.
  // Messages: https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html, or as users report them.
  testEach<[kind: string, status: number, code: string, message: string, name?: string]>([
    ['throttled', 400, 'Throttling', 'Maximum sending rate exceeded.'],
    ['throttled', 400, 'ThrottlingException', 'Rate exceeded'],
    ['throttled', 429, 'TooManyRequestsException', ''],
    ['throttled', 429, 'SomethingNew', ''],
    ['account', 400, 'Throttling', 'Daily message quota exceeded.'],
    ['account', 400, 'LimitExceededException', 'Daily message quota exceeded.'],
    [
      'account',
      400,
      'MessageRejected',
      'Email address is not verified. The following identities failed the check in region US-EAST-1: zoe@example.com',
    ],
    [
      'account',
      400,
      'MessageRejected',
      'Sending paused for this account. For more information, please check the inbox.',
    ],
    ['account', 400, 'MessageRejected', 'Sending suspended for this account.'],
    ['account', 400, 'MailFromDomainNotVerified', 'm'],
    ['account', 400, 'MailFromDomainNotVerifiedException', 'm'],
    ['account', 400, 'ConfigurationSetDoesNotExist', 'm', 'ConfigurationSetDoesNotExistException'],
    ['account', 400, 'ConfigurationSetSendingPausedException', 'm'],
    ['account', 400, 'AccountSendingPausedException', 'm'],
    [
      'account',
      403,
      'AccessDenied',
      'User is not authorized to perform ses:SendRawEmail on identity zoe@example.com',
    ],
    ['account', 403, 'InvalidClientTokenId', 'The security token included in the request is invalid.'],
    ['account', 403, 'SignatureDoesNotMatch', 'm'],
    ['account', 400, 'RequestExpired', 'm'],
    ['account', 400, 'SomethingNew', 'm'],
    [
      'account',
      400,
      'InvalidParameterValue',
      'Invalid tag value: only alphanumeric ASCII characters are allowed.',
    ],
    ['account', 400, 'InvalidParameterValue', "Duplicate header 'Content-Type'."],
    ['account', 400, 'InvalidParameterValue', 'Identity is not verified: orders@domain.example'],
    ['account', 400, 'MessageRejected', 'Words that no page documents.'],
    ['account', 400, 'MessageRejected', 'Sending from this domain and address is blocked by a policy.'],
    ['account', 400, 'MessageRejected', ''],
    ['refused', 400, 'MessageRejected', 'Address blacklisted.'],
    ['refused', 400, 'MessageRejected', 'The message contains a virus.'],
    ['refused', 400, 'InvalidParameterValue', 'Local address contains control or whitespace'],
    ['refused', 400, 'InvalidParameterValue', "Missing final '@domain'"],
    ['refused', 400, 'InvalidParameterValue', 'Illegal address'],
    ['refused', 400, 'InvalidParameterValue', 'Domain ends with dot'],
    ['unknown', 500, 'InternalFailure', 'm'],
    ['unknown', 503, 'ServiceUnavailable', 'm'],
  ])('has the result $0 if SES answers $1 $2 with the text $3', async (kind, status, code, message, name) => {
    await ses(answering(status, fault(code, message)));
    expect(await send()).toEqual({ kind, code: name ?? code });
    expect(seen.requests).toBe(1);
  });

  testEach<[kind: string, status: number, body: string]>([
    ['account', 403, '<html><body><p>no way</body></html>'],
    ['account', 404, '{}'],
    ['account', 403, ''],
    ['unknown', 502, '<html><body>Bad gateway</body></html>'],
    ['unknown', 500, ''],
    ['unknown', 301, ''],
    ['unknown', 200, SENT.slice(0, 100)],
  ])('has the result $0 if another server answers $1 with the text $2', async (kind, status, body) => {
    await ses(answering(status, body));
    expect(await send()).toEqual({ kind, code: expect.stringMatching(/^\w{1,20}$/) });
    expect(seen.requests).toBe(1);
  });

  it.for<[how: string, kind: string, code: string, listener: RequestListener]>([
    ['closed', 'unknown', 'ECONNRESET', ({ socket }) => void socket.destroy()],
    ['reset', 'unknown', 'ECONNRESET', ({ socket }) => void socket.resetAndDestroy()],
    [
      'closed in the middle of a response',
      'unknown',
      'ECONNRESET',
      ({ socket }, response) => {
        response.writeHead(200, { 'content-length': '900' }).write(SENT.slice(0, 90));
        setTimeout(() => socket.destroy(), 50);
      },
    ],
  ])('has a result if the connection is %s', async ([, kind, code, listener]) => {
    await ses(listener);
    expect(await send()).toEqual({ kind, code });
    expect(seen.requests).toBe(1);
  });

  it.for<[when: string, answer: (response: ServerResponse) => void]>([
    ['before', () => {}],
    ['in the middle of', (response) => response.writeHead(200, { 'content-length': '900' }).write(SENT)],
  ])('has an unknown result if the time is over %s the response', async ([, answer]) => {
    const { limit, end } = timeLimit();
    await ses((_, response) => {
      answer(response);
      end();
    });
    expect(await send()).toEqual({ kind: 'unknown', code: 'AbortError' });
    expect([seen.requests, limit()]).toEqual([1, 1_500]);
  });

  it.for<[code: string, endpoint: string]>([
    ['ECONNREFUSED', 'http://127.0.0.1:1'],
    ['ENOTFOUND', 'http://ses.invalid'],
  ])('was not sent after %s', async ([code, endpoint]) => {
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
    expect(await send()).toEqual({ kind: 'unreachable', code: expect.stringMatching(`${code}|EAI_AGAIN`) });
  });

  it('is a fault of the account if there are no credentials', async () => {
    await ses(answering(200, SENT));
    for (const name of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY']) vi.stubEnv(`AWS_${name}`, '');
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    expect(await send()).toEqual({ kind: 'account', code: 'CredentialsProviderError' });
  });
});

describe('the connection', () => {
  it('is reused for the next mail, but not after a long pause, when it may be closed', async () => {
    await ses(answering(200, SENT));
    vi.useFakeTimers({ toFake: ['Date'] });
    const mailer = sesMailer(sesClient(), 'keypost');
    await mailer(MESSAGE);
    vi.setSystemTime(Date.now() + 10_000);
    await mailer(MESSAGE);
    expect(seen).toEqual({ requests: 2, connections: 1 });
    vi.setSystemTime(Date.now() + 10_001);
    expect(await mailer(MESSAGE)).toMatchObject({ kind: 'sent' });
    expect(seen).toEqual({ requests: 3, connections: 2 });
  });

  it('can be opened before the first mail by an unsigned GET request', async () => {
    const requests: IncomingMessage[] = [];
    const bodies: string[] = [];
    await ses(async (request, response) => {
      requests.push(request);
      bodies.push(await bodyOf(request));
      const answer =
        request.method === 'GET' ? answering(400, fault('MissingAction', 'm')) : answering(200, SENT);
      answer(request, response);
    });
    const client = sesClient();
    await connect(client);
    expect(requests[0]).toMatchObject({ method: 'GET', url: '/' });
    expect(requests[0]?.headers).not.toHaveProperty('authorization');
    expect(bodies).toEqual(['']);
    expect(await sesMailer(client, 'keypost')(MESSAGE)).toMatchObject({ kind: 'sent' });
    expect(requests[1]?.method).toBe('POST');
    expect(seen.connections).toBe(1);
  });

  it('does not fail the start if SES refuses connections', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:1');
    await connect(sesClient());
  });

  it('does not fail the start if SES is silent until the time is over', async () => {
    const { limit, end } = timeLimit();
    await ses(end);
    await connect(sesClient());
    expect([seen.requests, limit()]).toEqual([1, 1_500]);
  });
});

describe('a received mail', () => {
  const HEADERS = [
    'from to reply-to subject auto-submitted x-entity-ref-id date message-id mime-version content-type',
  ].flatMap((names) => names.split(' '));

  /** Removes the line end that the parser adds to each part. */
  async function arrived(changes: Partial<Message>) {
    const raw = toMime({ ...MESSAGE, ...changes });
    const { text, html, ...mail } = await PostalMime.parse(raw);
    return {
      raw: raw.toString('latin1'),
      mail,
      text: text?.replace(/\n$/, ''),
      html: html?.replace(/\n$/, ''),
    };
  }

  testEach(
    [
      'Zoë Ångström',
      'Zoe\u0308 A\u030Angstro\u0308m',
      'محمد عبد الله (Mac)',
      '田中さん 👩‍👩‍👧‍👦 🇯🇵',
      'He said "no" \\ it\'s; <a@b>, (c)',
      `${'Very long '.repeat(19)}name`,
      'x'.repeat(200),
      'é'.repeat(200),
    ].map((name) => [name] as const),
  )('has the unchanged name $0', async (name) => {
    const words = {
      subject: `Your serial for ${name} (order 1)`,
      text: `${name}\n`,
      html: `<p>${name}</p>\n`,
    };
    const { mail, text, html } = await arrived({ from: { ...MESSAGE.from, name }, ...words });
    expect({ subject: mail.subject, text, html }).toEqual(words);
    expect(mail.from).toEqual({ name, address: 'orders@widgets.example.com' });
    expect(mail.to).toEqual([{ name: '', address: 'zoe@example.com' }]);
    expect(mail.replyTo).toEqual([{ name: '', address: 'support@widgets.example.com' }]);
  });

  it.for(['=?utf-8?Q?x?=', 'a =?utf-8?B?eA==?= b', '=?x', '?= =?=?='])(
    'has the unchanged subject %s, which looks encoded',
    async (subject) => {
      expect((await arrived({ subject })).mail.subject).toBe(subject);
    },
  );

  it('is ASCII in short lines, with the text part first', async () => {
    const text = `From Hell Ltd\n.NET Ltd\n.\n..\n田中${' x'.repeat(600)}\nFrom here=\n=20 \ntab\t\n${'y'.repeat(1500)}\n.${'z'.repeat(200)}\n`;
    const { raw, ...mail } = await arrived({ text, subject: `Your serial for ${'é '.repeat(300)}` });
    expect(mail.text).toBe(text);
    expect(raw).not.toMatch(/[^\t\r\n\x20-\x7e]/);
    expect(raw).not.toMatch(/(?:^|[^\r])\n|\r(?!\n)/);
    expect(Math.max(...raw.split('\r\n').map((one) => one.length))).toBeLessThanOrEqual(76);
    expect(raw).not.toMatch(/^(?:From |\.)/m);
    expect(raw.indexOf('text/plain; charset=utf-8')).toBeGreaterThan(0);
    expect(raw.indexOf('text/plain')).toBeLessThan(raw.indexOf('text/html; charset=utf-8'));
    expect(raw).toMatch(/^Content-Type: multipart\/alternative;/m);
  });

  it('has each file as it is, after the texts', async () => {
    const files = [
      { name: 'widget 2.licence', content: `KP1-${'aZ_-'.repeat(120)}` },
      { name: 'licence.txt', content: 'A9E0' },
    ];
    const { raw, mail, text, html } = await arrived({ files });
    const found = mail.attachments.map(async ({ filename, disposition, content }) => [
      ...[filename, disposition],
      await new Blob([content]).text(),
    ]);
    expect(await Promise.all(found)).toEqual(files.map(({ name, content }) => [name, 'attachment', content]));
    expect({ text, html }).toEqual({ text: MESSAGE.text, html: MESSAGE.html });
    expect(raw.match(/^(?:Date|Message-ID|MIME-Version):/gim)).toHaveLength(3);
    expect(Math.max(...raw.split('\r\n').map((one) => one.length))).toBeLessThanOrEqual(76);
  });

  it('has no injected header, and an unchanged text', async () => {
    const evil = fc.constantFrom(
      'x\r\nBcc: all@example.com',
      'x\nSubject: other\n\nbody',
      '\r\n\r\n--_NmP',
      'a@example.com, b@example.com',
      '" <b@example.com>',
    );
    const any = fc.oneof(evil, fc.string({ unit: anyChar, maxLength: 80 }));
    const words = any.map((text) => `${text}.\n`);
    const toLines = (text: string) => text.replace(/\r\n?/g, '\n');
    await fc.assert(
      fc.asyncProperty(any, any, any, words, words, async (name, subject, reference, text, html) => {
        const { mail, ...read } = await arrived({
          from: { ...MESSAGE.from, name },
          to: `zoe@example.com${name}`,
          subject: `Your ${subject}`,
          headers: { ...MESSAGE.headers, 'X-Entity-Ref-ID': `r${reference}` },
          text,
          html,
        });
        expect(mail.headers.map(({ key }) => key).sort()).toEqual([...HEADERS].sort());
        expect(mail.from?.address).toBe('orders@widgets.example.com');
        expect(mail.to).toHaveLength(1);
        expect(read).toMatchObject({ text: toLines(text), html: toLines(html) });
        expect(read.raw).not.toMatch(/\r(?!\n)/);
      }),
      { numRuns: 150 },
    );
  });
});
