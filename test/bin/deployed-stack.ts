/** CloudFormation, STS and IAM in front of the embedded AWS of `npm start`, so that it is used like a deployed stack. */
import type { IncomingHttpHeaders } from 'node:http';
import { startServer } from '../local/server.ts';

export const CALLER = 'arn:aws:iam::1:user/anna';
export const TABLE = 'arn:aws:dynamodb:us-east-1:1:table/keypost-orders';
export const OPERATOR = 'arn:aws:lambda:us-east-1:1:function:keypost-operator';
const STACK = 'arn:aws:cloudformation:us-east-1:1:stack/Shop/*';
const OUTPUTS = {
  ...{
    OrdersTable: 'keypost-orders',
    ProductKeysSecret: 'product-keys',
    ProviderKeysSecret: 'provider-keys',
  },
  ...{ OperatorFunction: 'keypost-operator', SupportFunction: `${OPERATOR}:support` },
  ...{ ConfigurationSet: 'keypost', WebhookStripe: 'https://api.example.com/orders/stripe' },
};

/** What IAM evaluates. */
export interface Access {
  readonly action: string;
  readonly resource: string;
}

interface Options {
  /** Everything is allowed unless it is given. */
  readonly isAllowed?: (access: Access) => boolean;
  readonly outputs?: object;
  /** Replaces fields of each request to the operator. */
  readonly request?: object;
}

/** Starts the stack `Shop`, and points the AWS clients of this process at it until `stop`. */
export async function deployedStack(
  aws: string,
  { isAllowed = () => true, outputs = {}, request: change = {} }: Options = {},
) {
  const used: Access[] = [];
  const members = Object.entries({ ...OUTPUTS, ...outputs }).map(
    ([name, value]) => `<member><OutputKey>${name}</OutputKey><OutputValue>${value}</OutputValue></member>`,
  );
  const stack = `<StackName>Shop</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-23T00:00:00Z</CreationTime><Outputs>${members.join('')}</Outputs>`;
  const server = await startServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const text = body.toString();
    const { url = '/', method = 'POST' } = request;
    const needed = accessOf(url, request.headers, text);
    used.push(...needed);
    if (!needed.every(isAllowed)) {
      response.writeHead(400, {
        ...{ 'x-amzn-errortype': 'AccessDeniedException', 'content-type': 'application/json' },
      });
      return void response.end('{"__type":"AccessDeniedException","message":"no"}');
    }
    if (text.includes('Action=DescribeStacks'))
      return void response.end(
        `<DescribeStacksResponse><DescribeStacksResult><Stacks><member>${stack}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
      );
    if (text.includes('Action=GetCallerIdentity'))
      return void response.end(
        `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>${CALLER}</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>`,
      );
    const {
      host: _host,
      'content-length': _length,
      connection: _connection,
      ...headers
    } = request.headersDistinct;
    const sent = url.includes('/functions/') ? JSON.stringify({ ...JSON.parse(text), ...change }) : body;
    const passed = await fetch(aws + url, {
      method,
      headers: Object.entries(headers).map(([name, values]): [string, string] => [
        name,
        values?.join() ?? '',
      ]),
      body: sent,
    });
    response.writeHead(passed.status, { 'content-type': passed.headers.get('content-type') ?? '' });
    response.end(Buffer.from(await passed.arrayBuffer()));
  });
  const env = {
    AWS_ENDPOINT_URL: server.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'a',
    AWS_SECRET_ACCESS_KEY: 'b',
  };
  const before = { ...process.env };
  Object.assign(process.env, env);
  const stop = async () => {
    process.env = before;
    await server.stop();
  };
  return { used, stop };
}

/** Returns what a request needs. `GetCallerIdentity` needs no permission. */
function accessOf(url: string, headers: IncomingHttpHeaders, text: string): readonly Access[] {
  const [, name] = /^\/2015-03-31\/functions\/([^/]+)/.exec(url) ?? [];
  if (name) {
    const called = decodeURIComponent(name);
    const resource = called.startsWith('arn:') ? called : OPERATOR.replace('keypost-operator', called);
    return [{ action: 'lambda:InvokeFunction', resource }];
  }
  const [, called] = /(?:^|&)Action=(\w+)/.exec(text) ?? [];
  if (called === 'GetCallerIdentity') return [];
  if (called === 'DescribeStacks') return [{ action: `cloudformation:${called}`, resource: STACK }];
  const [target = '', operation = ''] = String(headers['x-amz-target'] ?? '').split('.');
  const action = `${target.replace(/_.*/, '').toLowerCase()}:${operation || called}`;
  if (!action.startsWith('dynamodb:')) return [{ action, resource: '*' }];
  const { TableName, IndexName, RequestItems } = JSON.parse(text);
  const tables: string[] = RequestItems ? Object.keys(RequestItems) : [TableName];
  const index = IndexName ? `/index/${IndexName}` : '';
  return tables.map((table) => ({ action, resource: TABLE.replace('keypost-orders', table) + index }));
}
