/** The API to which the providers POST orders. */
import { CfnOutput, type Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import {
  CfnStage,
  DomainName,
  HttpApi,
  HttpMethod,
  LogGroupLogDestination,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { LogGroup } from 'aws-cdk-lib/aws-logs';
import type { Catalogue } from '../functions/core/catalogue/catalogue.ts';
import { log } from './lambda.ts';

/** Each provider has a limit of its own, with room for a product launch. A flood costs about ten dollars a day. */
const LIMIT = { ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 };

/** The buyers' pages have limits of their own, so that a flood there does not throttle the webhooks. */
const PAGES = ['/licences', '/licences/{page+}', '/claim'];
const PAGES_LIMIT = { ThrottlingRateLimit: 10, ThrottlingBurstLimit: 20 };

/** Returns the API, its log, and the address below which each provider has its own. */
export function webhookApi(
  stack: Stack,
  { webhook, pages }: { readonly webhook: IFunction; readonly pages?: IFunction | undefined },
  { providers, api: own }: Catalogue,
): { readonly api: HttpApi; readonly accessLog: LogGroup; readonly address: string } {
  const api = new HttpApi(stack, 'Api', { apiName: stack.stackName, createDefaultStage: false });
  const integration = new HttpLambdaIntegration('Webhook', webhook);
  // A mail store has no route: its orders arrive through SES only.
  const names = Object.keys(providers).filter((name) => !providers[name]?.mail);
  const routes = names.flatMap((name) =>
    api.addRoutes({ path: `/orders/${name}`, methods: [HttpMethod.ANY], integration }),
  );
  const paths = pages ? PAGES : [];
  for (const path of paths)
    routes.push(
      ...api.addRoutes({
        ...{ path, methods: [HttpMethod.ANY] },
        integration: new HttpLambdaIntegration('Pages', pages ?? webhook),
      }),
    );
  // AWS sums the log policies of a region to 5,120 characters, and needs none for a name below this one.
  const accessLog = log(stack, 'ApiLog', `/aws/vendedlogs/${stack.stackName}/api`);
  const domainName = own && domainOf(stack, own);
  const stage = api.addStage('Stage', {
    stageName: '$default',
    autoDeploy: true,
    ...(domainName && { domainMapping: { domainName } }),
    accessLogSettings: {
      destination: new LogGroupLogDestination(accessLog),
      format: AccessLogFormat.custom(JSON.stringify(ACCESS)),
    },
  });
  // A stage refuses a limit for a route that does not exist yet.
  stage.node.addDependency(...routes);
  const { defaultChild } = stage.node;
  if (defaultChild instanceof CfnStage)
    defaultChild.routeSettings = Object.fromEntries([
      ...names.map((name) => [`ANY /orders/${name}`, LIMIT]),
      ...paths.map((path) => [`ANY ${path}`, PAGES_LIMIT]),
    ]);
  return { api, accessLog, address: own ? `https://${own.domain}` : api.apiEndpoint };
}

function domainOf(stack: Stack, { domain, certificate }: NonNullable<Catalogue['api']>): DomainName {
  const name = new DomainName(stack, 'ApiDomain', {
    domainName: domain,
    certificate: Certificate.fromCertificateArn(stack, 'ApiCertificate', certificate),
  });
  new CfnOutput(stack, 'ApiCname', { value: `${domain} CNAME ${name.regionalDomainName}` });
  return name;
}

/**
 * Leaves out path, query and caller, because the addresses of some providers contain a secret.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
 */
const ACCESS = {
  at: '$context.requestTime',
  requestId: '$context.requestId',
  routeKey: '$context.routeKey',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  lambdaStatus: '$context.integration.status',
  lambdaMs: '$context.integration.latency',
};
