/** AWS's query protocol: requests are forms, responses are XML. https://docs.aws.amazon.com/ses/latest/APIReference/ */
import { randomUUID } from 'node:crypto';
import { type AwsAnswer, AwsError } from './answer.ts';

/** Reads the list Name.member.1, Name.member.2, …; its members may have fields, such as `.Value`. */
export function members(input: URLSearchParams, name: string, field = ''): string[] {
  const found: string[] = [];
  for (;;) {
    const value = input.get(`${name}.member.${found.length + 1}${field}`);
    if (value === null) return found;
    found.push(value);
  }
}

export function required(input: URLSearchParams, name: string): string {
  const value = input.get(name);
  if (value) return value;
  const message = `Value null at '${name}' failed to satisfy constraint: Member must not be null`;
  throw new AwsError('ValidationError', `1 validation error detected: ${message}`);
}

export function toXml(action: string, result: unknown): AwsAnswer {
  const parts = `<${action}Result>${element(result)}</${action}Result><ResponseMetadata>${requestId()}</ResponseMetadata>`;
  return xml(200, `<${action}Response ${XMLNS}>${parts}</${action}Response>`);
}

export function errorXml({ code, message, status }: AwsError): AwsAnswer {
  const error = element({ Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message });
  return xml(status, `<ErrorResponse ${XMLNS}><Error>${error}</Error>${requestId()}</ErrorResponse>`);
}

const XMLNS = 'xmlns="http://ses.amazonaws.com/doc/2010-12-01/"';
const requestId = () => `<RequestId>${randomUUID()}</RequestId>`;
const xml = (status: number, body: string): AwsAnswer => ({
  status,
  headers: { 'content-type': 'text/xml' },
  body,
});

/** Writes lists as `member`, maps as `entry` and objects by their field names. */
function element(value: unknown): string {
  if (Array.isArray(value)) return value.map((one) => `<member>${element(one)}</member>`).join('');
  if (value instanceof Map) {
    const entries = [...value].map(([key, one]) => `<entry>${element({ key, value: one })}</entry>`);
    return entries.join('');
  }
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([name, one]) => `<${name}>${element(one)}</${name}>`);
    return fields.join('');
  }
  return String(value ?? '').replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
