/** The SDK signs with our hash. The expected signatures are those of the SDK's own hash, and of Python's hmac by AWS's description. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { LEAN, trimClient } from '../../functions/aws/client.ts';

async function sign(body: string): Promise<string | undefined> {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI', sessionToken: 'token' };
  const { config } = trimClient(new DynamoDBClient({ ...LEAN, region: 'eu-west-1', credentials }));
  const signer = await config.signer({
    name: 'sigv4',
    signingName: 'dynamodb',
    signingRegion: 'eu-west-1',
    properties: {},
  });
  const headers = { host: 'dynamodb.eu-west-1.amazonaws.com', 'x-amz-target': 'DynamoDB_20120810.GetItem' };
  const request = { method: 'POST', protocol: 'https:', hostname: headers.host, path: '/', headers, body };
  const signed = await signer.sign(request, { signingDate: new Date('2026-11-23T03:00:00Z') });
  return signed.headers.authorization;
}

test.each([
  ['in ASCII', '{"TableName":"orders"}', 'f38a5a9eb32f56458028e1c3c2dbc00d655fe8ce7657eca1c620e0e4536620a1'],
  [
    'with an accent',
    '{"Key":{"S":"stripe#é"}}',
    '0b26f3a285d71091e7666a7716a2cc5fd27f70a955af7c53b9efb4f7bdc57675',
  ],
])('a call %s has the signature that it has with the hash of the SDK', async (_, body, signature) => {
  expect(await sign(body)).toMatch(new RegExp(`Signature=${signature}$`));
});
