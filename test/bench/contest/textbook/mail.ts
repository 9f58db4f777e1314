import type { SendEmailCommandInput } from '@aws-sdk/client-ses';
import type { Checkout } from './checkout.ts';

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string) => text.replace(/[&<>"]/g, (char) => ENTITIES[char] ?? char);

/** https://docs.aws.amazon.com/ses/latest/APIReference/API_SendEmail.html; SES makes the MIME. */
export function serialMail(
  { name, email, product, orderId }: Checkout,
  serial: string,
): SendEmailCommandInput {
  const lines = [
    `Thank you for buying ${product}.`,
    `Name: ${name}`,
    `Serial: ${serial}`,
    `Order: ${orderId}`,
  ];
  const html = lines.map((line) => `<p>${escaped(line)}</p>`).join('');
  return {
    Source: 'Widget Works <orders@widgets.example.com>',
    Destination: { ToAddresses: [email] },
    ReplyToAddresses: ['support@widgets.example.com'],
    ConfigurationSetName: 'textbook',
    Message: {
      Subject: { Data: `Your serial for ${product}`, Charset: 'UTF-8' },
      Body: {
        Text: { Data: lines.join('\n\n'), Charset: 'UTF-8' },
        Html: { Data: html, Charset: 'UTF-8' },
      },
    },
  };
}
