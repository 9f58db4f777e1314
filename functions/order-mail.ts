/** The Lambda that takes the order mails which SES has received and stored. */
import catalogue from '#catalogue';
import { mailObjects, receivedMails } from './aws/ses/order-mails.ts';
import { wirePorts } from './aws/wiring.ts';
import { fulfilMail, type Received } from './core/order-mail.ts';
import { orderMailEnv } from './env.ts';
import { mailStores } from './providers/mail-stores.ts';

const env = orderMailEnv(process.env);
const { ports } = wirePorts(catalogue, env);
const objects = mailObjects(env.MAILS_BUCKET);

/** Throws after a failure, so that Lambda tries again and keeps the event in the dead-letter queue at last. */
export async function handler(invocation: unknown): Promise<readonly Received[]> {
  const results: Received[] = [];
  for (const mail of receivedMails(invocation)) {
    const body = await objects.read(mail.object);
    results.push(await fulfilMail(ports, mailStores, { ...mail, body }));
  }
  return results;
}
