/** SES receives a mail: it stores it in S3 and publishes a notification, which SNS passes to the Lambda `order-mail`. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import PostalMime from 'postal-mime';
import * as z from 'zod/mini';
import { BadRequest, parseBody, readBody } from '../bin/commands/cli/http.ts';
import type { Objects } from './aws/s3.ts';
import type { Lambda } from './lambdas/gateway.ts';

/** https://docs.aws.amazon.com/ses/latest/dg/quotas.html */
const MOST_BYTES = 40 * 1024 * 1024;

/** A verdict that the query does not name is one that SES could not make. */
const Query = z.object({
  to: z.optional(z.string()),
  dmarc: z._default(z.enum(['PASS', 'FAIL', 'GRAY']), 'GRAY'),
  spam: z._default(z.enum(['PASS', 'FAIL']), 'PASS'),
});

/** Returns the Lambda's result for the mail in the request's body. */
export const mailReceiver =
  (objects: Objects, lambda: Lambda | undefined) =>
  async (request: IncomingMessage, query: URLSearchParams) => {
    if (!lambda)
      throw new BadRequest('the catalogue enables no mail store; see docs/providers/mail-stores.md');
    const { to, dmarc, spam } = parseBody(Query, Object.fromEntries(query));
    const raw = await readBody(request, MOST_BYTES);
    if (!raw?.length) throw new BadRequest('found no mail of at most 40 MB; post the bytes of an .eml file');
    const recipients = to
      ? [to]
      : ((await PostalMime.parse(raw)).to ?? []).map(({ address = '' }) => address);
    const objectKey = `received/${randomUUID()}`;
    objects.put(objectKey, raw);
    const message = {
      notificationType: 'Received',
      mail: { timestamp: new Date().toISOString(), messageId: objectKey, destination: recipients },
      receipt: {
        ...{ recipients, spamVerdict: { status: spam }, virusVerdict: { status: 'PASS' } },
        ...{ dmarcVerdict: { status: dmarc }, action: { type: 'S3', objectKey } },
      },
    };
    return z
      .array(z.unknown())
      .parse(
        await lambda({ Records: [{ EventSource: 'aws:sns', Sns: { Message: JSON.stringify(message) } }] }),
      )[0];
  };
