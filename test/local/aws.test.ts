/** Tests the embedded AWS through the real SDK clients: what it accepts, and what it refuses with AWS's own codes. */
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  ListSecretsCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretCommand,
} from '@aws-sdk/client-secrets-manager';
import * as v1 from '@aws-sdk/client-ses';
import { GetAccountCommand, GetEmailIdentityCommand, SESv2Client } from '@aws-sdk/client-sesv2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { faultSwitch } from '../../local/aws/faults.ts';
import { openMails } from '../../local/aws/mails.ts';
import { sesAccount } from '../../local/aws/ses-account.ts';
import { memoryFiles } from '../../local/files.ts';
import { type Running, start } from '../../local/start.ts';

let running: Running;
let clients: ReturnType<typeof clientsOf>;

const clientsOf = (endpoint: string) => {
  const settings = {
    endpoint,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
    maxAttempts: 1,
  };
  return {
    ses: new v1.SESClient(settings),
    /** Gives up at once, for the fault in which SES never responds. */
    impatient: new v1.SESClient({
      ...settings,
      requestHandler: { requestTimeout: 50, throwOnRequestTimeout: true },
    }),
    ses2: new SESv2Client(settings),
    secrets: new SecretsManagerClient(settings),
    dynamo: new DynamoDBClient(settings),
  };
};

beforeAll(async () => {
  running = await start({ port: 0, awsPort: 0, dataDir: undefined, catalogue: 'local/demo-shop.ts' });
  clients = clientsOf(running.aws);
});
afterAll(() => running.stop());

const FROM = 'orders@widgets.example.com';
const raw = (headers: string, body = 'hello', Source?: string) =>
  clients.ses.send(
    new v1.SendRawEmailCommand({
      Source,
      RawMessage: { Data: Buffer.from(`${headers}\r\n\r\n${body}`) },
    }),
  );
const to = (...Destinations: string[]) =>
  clients.ses.send(
    new v1.SendRawEmailCommand({
      Source: FROM,
      Destinations,
      RawMessage: { Data: Buffer.from(`From: Widget Works <${FROM}>\r\nSubject: x\r\n\r\nhello`) },
    }),
  );
const simple = (change: Partial<v1.SendEmailCommandInput> = {}, ses = clients.ses) =>
  ses.send(
    new v1.SendEmailCommand({
      Source: FROM,
      Destination: { ToAddresses: ['zoe@example.com'] },
      Message: {
        Subject: { Data: 'Grüße' },
        Body: { Text: { Data: 'für Zoë' }, Html: { Data: '<b>für Zoë</b>' } },
      },
      ...change,
    }),
  );

const Mails = z.array(z.looseObject({ to: z.array(z.string()) }));
const mails = async () => Mails.parse(await (await fetch(`${running.page}/local/mails`)).json());
const faults = (body: object) =>
  fetch(`${running.page}/local/faults`, { method: 'PUT', body: JSON.stringify(body) });

describe('SES accepts', () => {
  test('a message with the recipients of its envelope, not of its headers', async () => {
    const { MessageId } = await to('one@example.com', 'Zwei <two@example.com>');
    expect((await mails()).at(-1)).toMatchObject({
      id: MessageId,
      to: ['one@example.com', 'two@example.com'],
      from: `Widget Works <${FROM}>`,
      subject: 'x',
      text: 'hello\n',
      headers: { subject: 'x' },
    });
  });

  test('a message without an envelope with the recipients of its headers', async () => {
    await raw(`From: ${FROM}\r\nTo: a@example.com\r\nCc: b@example.com\r\nBcc: c@example.com`);
    expect((await mails()).at(-1)?.to).toEqual(['a@example.com', 'b@example.com', 'c@example.com']);
  });

  test('a message in parts', async () => {
    await simple({ Tags: [{ Name: 'order', Value: 'a_b-1' }], ConfigurationSetName: 'keypost' });
    const mail = (await mails()).at(-1);
    expect(mail).toMatchObject({
      subject: 'Grüße',
      text: 'für Zoë\n',
      html: '<b>für Zoë</b>\n',
      to: ['zoe@example.com'],
    });
  });

  test('a sender whose address is verified', async () => {
    const mine = { Source: 'me@here.example' };
    await expect(simple(mine)).rejects.toThrow('not verified');
    await clients.ses.send(new v1.VerifyEmailIdentityCommand({ EmailAddress: 'me@here.example' }));
    await simple(mine);
    const { Identities } = await clients.ses.send(new v1.ListIdentitiesCommand({}));
    expect(Identities).toEqual(['widgets.example.com', 'me@here.example']);
    await clients.ses.send(new v1.DeleteIdentityCommand({ Identity: 'me@here.example' }));
    await expect(simple(mine)).rejects.toThrow('not verified');
  });
});

describe('SES refuses', () => {
  const many = Array.from({ length: 51 }, (_, n) => `buyer${n}@example.com`);
  test.each<[string, () => Promise<unknown>, string, string]>([
    [
      'an unverified sender',
      () => simple({ Source: 'x@evil.example' }),
      'MessageRejected',
      'Email address is not verified. The following identities failed the check in region EU-WEST-1: x@evil.example',
    ],
    [
      'an unverified From header',
      () => raw('From: x@evil.example\r\nTo: a@example.com', 'hello', FROM),
      'MessageRejected',
      'not verified',
    ],
    [
      'a domain that only ends like a verified one',
      () => simple({ Source: 'x@notwidgets.example.com' }),
      'MessageRejected',
      'not verified',
    ],
    [
      'an unknown configuration set',
      () => simple({ ConfigurationSetName: 'nope' }),
      'ConfigurationSetDoesNotExist',
      'Configuration set <nope> does not exist.',
    ],
    [
      'a tag with a special character',
      () => simple({ Tags: [{ Name: 'order', Value: 'a#b' }] }),
      'InvalidParameterValue',
      'a#b',
    ],
    ['no recipient', () => raw(`From: ${FROM}`), 'InvalidParameterValue', "Missing required header 'To'."],
    ['51 recipients', () => to(...many), 'InvalidParameterValue', 'Recipient count exceeds 50.'],
    ['no From', () => raw('To: a@example.com'), 'InvalidParameterValue', "Missing required header 'From'."],
    ['no domain', () => to('zoe'), 'InvalidParameterValue', "Missing final '@domain'"],
    [
      'a space in the address',
      () => to('zo e@example.com'),
      'InvalidParameterValue',
      'Local address contains control or whitespace',
    ],
    [
      'an accent in the address',
      () => to('zoë@example.com'),
      'InvalidParameterValue',
      'Local address contains control or whitespace',
    ],
    [
      'an accent in the domain',
      () => to('zoe@exämple.com'),
      'InvalidParameterValue',
      'Domain contains control or whitespace',
    ],
    [
      'a domain with an underscore',
      () => to('zoe@exa_mple.com'),
      'InvalidParameterValue',
      'Domain contains illegal character',
    ],
    [
      'more than 10 MB',
      () => raw(`From: ${FROM}\r\nTo: a@example.com`, 'x'.repeat(10 * 1024 * 1024)),
      'InvalidParameterValue',
      'Message length is more than 10485760 bytes long',
    ],
  ])('%s', async (_, send, code, message) => {
    const before = (await mails()).length;
    await expect(send()).rejects.toMatchObject({
      name: code.replace(/DoesNotExist$/, 'DoesNotExistException'),
      message: expect.stringContaining(message),
      $metadata: { httpStatusCode: 400 },
    });
    expect((await mails()).length).toBe(before);
  });

  test('an unknown action, and a request without a signature', async () => {
    const ask = (headers: Record<string, string>) =>
      fetch(running.aws, { method: 'POST', body: 'Action=Fly&Version=2010-12-01', headers });
    const signed = await ask({
      authorization: 'AWS4-HMAC-SHA256 Credential=x/20261123/eu-west-1/ses/aws4_request',
    });
    expect([signed.status, await signed.text()]).toEqual([
      400,
      expect.stringContaining('<Code>InvalidAction</Code>'),
    ]);
    const bare = await ask({});
    expect([bare.status, await bare.text()]).toEqual([
      403,
      expect.stringContaining('MissingAuthenticationToken'),
    ]);
  });

  test('mails above the rate and above the daily quota', () => {
    const files = memoryFiles();
    const inbox = openMails(files, 'mails.jsonl');
    const account = sesAccount(files, inbox, faultSwitch(files), {
      sender: FROM,
      configurationSet: 'x',
      rate: 2,
      daily: 5,
    });
    account.take(1);
    account.take(1);
    expect(() => account.take(1)).toThrow('Maximum sending rate exceeded.');
    for (let n = 0; n < 5; n += 1) inbox.accept({ from: FROM, to: ['a@example.com'], tags: {}, raw: '' });
    expect(() => account.take(1)).toThrow('Daily message quota exceeded.');
  });
});

describe('SES with a fault', () => {
  test.each<[fault: string, error: object, accepted: number]>([
    ['throttle', { name: 'Throttling', message: 'Maximum sending rate exceeded.' }, 0],
    ['down', { name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } }, 0],
    ['timeout', { name: 'TimeoutError' }, 0],
    ['lost', { code: 'ECONNRESET' }, 1],
    ['slow', { name: 'TimeoutError' }, 1],
    ['reject', { name: 'MessageRejected', message: 'Address blacklisted.' }, 0],
    [
      'sandbox',
      { name: 'MessageRejected', message: expect.stringContaining('EU-WEST-1: zoe@example.com') },
      0,
    ],
  ])(
    '%s answers with its error and accepts a mail only if the response is lost or late',
    async (fault, error, accepted) => {
      const before = (await mails()).length;
      await faults({ ses: fault });
      const ses = fault === 'timeout' || fault === 'slow' ? clients.impatient : clients.ses;
      await expect(simple({}, ses)).rejects.toMatchObject(error);
      await expect.poll(async () => (await mails()).length - before).toBe(accepted);
      await faults({ ses: null });
    },
  );

  test('in the sandbox mails a verified recipient and reports ProductionAccessEnabled: false', async () => {
    await faults({ ses: 'sandbox' });
    await to('seller@widgets.example.com');
    expect(await clients.ses2.send(new GetAccountCommand({}))).toMatchObject({
      ProductionAccessEnabled: false,
    });
    await faults({ ses: null });
    expect(await clients.ses2.send(new GetAccountCommand({}))).toMatchObject({
      ProductionAccessEnabled: true,
      SendQuota: { MaxSendRate: 200 },
    });
  });
});

test('SES describes its identities and configuration sets', async () => {
  const Identities = ['widgets.example.com', 'nope.example'];
  const known = { 'widgets.example.com': expect.anything() };
  const { ses, ses2 } = clients;
  expect(await ses.send(new v1.GetSendQuotaCommand({}))).toMatchObject({
    MaxSendRate: 200,
    Max24HourSend: 1_000_000,
  });
  expect(
    (await ses.send(new v1.GetIdentityVerificationAttributesCommand({ Identities }))).VerificationAttributes,
  ).toEqual(known);
  expect(
    (await ses.send(new v1.GetIdentityDkimAttributesCommand({ Identities }))).DkimAttributes,
  ).toMatchObject({
    'widgets.example.com': { DkimEnabled: true, DkimVerificationStatus: 'Success' },
  });
  expect(
    (await ses.send(new v1.GetIdentityMailFromDomainAttributesCommand({ Identities })))
      .MailFromDomainAttributes,
  ).toEqual(known);
  expect((await ses.send(new v1.ListConfigurationSetsCommand({}))).ConfigurationSets).toEqual([
    { Name: 'keypost' },
  ]);
  await ses.send(new v1.DescribeConfigurationSetCommand({ ConfigurationSetName: 'keypost' }));
  const EmailIdentity = 'widgets.example.com';
  expect(await ses2.send(new GetEmailIdentityCommand({ EmailIdentity }))).toMatchObject({
    VerifiedForSendingStatus: true,
  });
  const unknown = ses2.send(new GetEmailIdentityCommand({ EmailIdentity: 'nope.example' }));
  await expect(unknown).rejects.toMatchObject({ name: 'NotFoundException' });
});

describe('Secrets Manager', () => {
  test('stores values under name and ARN', async () => {
    const { secrets } = clients;
    const { ARN } = await secrets.send(new CreateSecretCommand({ Name: 'a/b', SecretString: 'one' }));
    const value = async (SecretId?: string) =>
      (await secrets.send(new GetSecretValueCommand({ SecretId }))).SecretString;
    expect(await value(ARN)).toBe('one');
    await secrets.send(new PutSecretValueCommand({ SecretId: 'a/b', SecretString: 'zwei ✓' }));
    expect(await value('a/b')).toBe('zwei ✓');
    await secrets.send(new UpdateSecretCommand({ SecretId: ARN, SecretString: 'three' }));
    expect(await value('a/b')).toBe('three');
    expect(await secrets.send(new DescribeSecretCommand({ SecretId: 'a/b' }))).toMatchObject({
      ARN,
      Name: 'a/b',
    });
    const { SecretList } = await secrets.send(new ListSecretsCommand({}));
    expect(SecretList?.map(({ Name }) => Name).sort()).toEqual([
      'a/b',
      'keypost-keys',
      'product-keys',
      'provider-keys',
    ]);
    const again = secrets.send(new CreateSecretCommand({ Name: 'a/b', SecretString: 'x' }));
    await expect(again).rejects.toMatchObject({ name: 'ResourceExistsException' });
  });

  test('refuses an unknown name, and every name while it is down', async () => {
    const get = (SecretId: string) => clients.secrets.send(new GetSecretValueCommand({ SecretId }));
    await expect(get('nope')).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await faults({ secretsmanager: 'down' });
    await expect(get('product-keys')).rejects.toMatchObject({ name: 'InternalServiceError' });
    await faults({ secretsmanager: null });
    await expect(get('product-keys')).resolves.toMatchObject({ VersionStages: ['AWSCURRENT'] });
  });
});

test.each([
  ['down', 'InternalServerError'],
  ['throttle', 'ProvisionedThroughputExceededException'],
])(
  'DynamoDB with the fault %s answers clients with %s, and the page still shows the orders',
  async (fault, name) => {
    const scan = () => clients.dynamo.send(new ScanCommand({ TableName: 'keypost-orders' }));
    await faults({ dynamodb: fault });
    await expect(scan()).rejects.toMatchObject({ name });
    expect((await fetch(`${running.page}/local/orders`)).status).toBe(200);
    await faults({ dynamodb: null });
    expect((await scan()).Items).toEqual([]);
  },
);
