/** Mails that SES has received: its notification, and the object with the mail. */
import { CopyObjectCommand, GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import * as z from 'zod/mini';
import { MAX_MAIL_BYTES } from '../../core/inbound/mail.ts';
import type { OrderMail } from '../../core/order-mail.ts';
import { Notifications } from './feedback.ts';

/** The prefix of the objects that are deleted after 30 days; lib/order-mails.ts repeats both. */
const RECEIVED = 'received/';
/** The prefix of mails that are too large for the table. They stay until a person deletes them. */
const HELD = 'held/';

const Verdict = z.object({ status: z.string() });
/** https://docs.aws.amazon.com/ses/latest/dg/receiving-email-notifications-contents.html */
const Notification = z.object({
  notificationType: z.literal('Received'),
  receipt: z.object({
    recipients: z.array(z.string()),
    spamVerdict: Verdict,
    virusVerdict: Verdict,
    dmarcVerdict: Verdict,
    action: z.object({ objectKey: z.string() }),
  }),
});

/** Throws for a notification that is not as documented: its mail may be an order. */
export const receivedMails = (invocation: unknown): Omit<OrderMail, 'body'>[] =>
  Notifications.parse(invocation).Records.map(({ Sns }) => {
    const { recipients, action, ...receipt } = Notification.parse(JSON.parse(Sns.Message)).receipt;
    const { spamVerdict, virusVerdict, dmarcVerdict } = receipt;
    const verdicts = { spam: spamVerdict.status, virus: virusVerdict.status, dmarc: dmarcVerdict.status };
    return { recipients, verdicts, object: action.objectKey };
  });

export function mailObjects(Bucket: string) {
  const client = new S3Client({
    maxAttempts: 3,
    // `npm start` serves every bucket at one address.
    forcePathStyle: true,
    requestHandler: { connectionTimeout: 500, requestTimeout: 3_000, throwOnRequestTimeout: true },
  });
  return {
    /** Returns undefined for a mail that is too large, and copies it to where it is kept. */
    async read(Key: string): Promise<Buffer | undefined> {
      const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand({ Bucket, Key }));
      if (ContentLength <= MAX_MAIL_BYTES) return Buffer.from((await Body?.transformToByteArray()) ?? []);
      const CopySource = `${Bucket}/${Key}`;
      await client.send(new CopyObjectCommand({ Bucket, CopySource, Key: Key.replace(RECEIVED, HELD) }));
      return undefined;
    },
  };
}
