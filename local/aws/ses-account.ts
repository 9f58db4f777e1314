/** The SES account of this machine: outside the sandbox, with a verified sender and the limits of a small seller. */
import * as z from 'zod/mini';
import { type Files, parseJson } from '../files.ts';
import { type AwsAnswer, AwsError, type AwsRequest } from './answer.ts';
import type { FaultSwitch } from './faults.ts';
import type { Mails } from './mails.ts';

export type SesAccount = ReturnType<typeof sesAccount>;

export interface OwnAccount {
  /** The address whose domain is verified from the start. */
  readonly sender: string;
  readonly configurationSet: string;
  /** The limits: mails per second and per day. */
  readonly rate?: number;
  readonly daily?: number;
}

const FILE = 'ses.json';

export function sesAccount(files: Files, mails: Mails, faults: FaultSwitch, own: OwnAccount) {
  const { rate = 200, daily = 1_000_000 } = own;
  const identities = new Set(parseJson(z.array(z.string()), files.read(FILE) ?? '[]', files.path(FILE)));
  identities.add(own.sender.slice(own.sender.lastIndexOf('@') + 1).toLowerCase());
  const save = () => files.write(FILE, JSON.stringify([...identities]));
  let available = rate;
  let updatedAt = Date.now();
  return {
    configurationSets: [own.configurationSet],
    has: (identity: string) => identities.has(identity.toLowerCase()),
    list: (type: string | null) =>
      [...identities].filter((name) => !type || (type === 'EmailAddress') === name.includes('@')),
    verify(identity: string) {
      identities.add(identity.toLowerCase());
      save();
    },
    forget(identity: string) {
      identities.delete(identity.toLowerCase());
      save();
    },
    quota: () => ({ Max24HourSend: daily, MaxSendRate: rate, SentLast24Hours: mails.lastDay() }),
    sending: (region: string) => ({
      region,
      sandbox: faults.now().ses === 'sandbox',
      identities,
      configurationSets: [own.configurationSet],
    }),
    /** Counts recipients against rate and quota. Throws an AwsError if a limit is exceeded. */
    take(recipients: number) {
      available = Math.min(rate, available + ((Date.now() - updatedAt) * rate) / 1000);
      updatedAt = Date.now();
      if (mails.lastDay() + recipients > daily)
        throw new AwsError('Throttling', 'Daily message quota exceeded.');
      if (available < 1) throw new AwsError('Throttling', 'Maximum sending rate exceeded.');
      available -= recipients;
    },
  };
}

/** The two operations of SES v2 that v1 does not have; `doctor` calls them. */
export function sesV2(account: SesAccount, faults: FaultSwitch) {
  return (request: AwsRequest): AwsAnswer => {
    const { ses } = faults.now();
    if (ses === 'down')
      return json(503, { message: 'Service is not available.' }, 'ServiceUnavailableException');
    if (!request.headers.authorization)
      return json(403, { message: 'Missing Authentication Token' }, 'MissingAuthenticationTokenException');
    const path = request.path.split('?')[0] ?? '';
    if (path === '/v2/email/account') {
      const access = {
        ProductionAccessEnabled: ses !== 'sandbox',
        SendingEnabled: true,
        EnforcementStatus: 'HEALTHY',
      };
      return json(200, { ...access, SendQuota: account.quota() });
    }
    const name = decodeURIComponent(/^\/v2\/email\/identities\/([^/]+)$/.exec(path)?.[1] ?? '');
    if (account.has(name)) return json(200, identity(name));
    return json(404, { message: `Email identity ${name} does not exist.` }, 'NotFoundException');
  };
}

const identity = (name: string) => ({
  IdentityType: name.includes('@') ? 'EMAIL_ADDRESS' : 'DOMAIN',
  VerifiedForSendingStatus: true,
  VerificationStatus: 'SUCCESS',
  FeedbackForwardingStatus: true,
  DkimAttributes: { SigningEnabled: true, Status: 'SUCCESS', SigningAttributesOrigin: 'AWS_SES', Tokens: [] },
  MailFromAttributes: {
    MailFromDomain: `bounce.${name}`,
    MailFromDomainStatus: 'SUCCESS',
    BehaviorOnMxFailure: 'USE_DEFAULT_VALUE',
  },
});

const json = (status: number, value: object, error?: string): AwsAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...(error ? { 'x-amzn-errortype': error } : {}) },
  body: JSON.stringify(value),
});
