/** The API to which the providers POST orders. */
import type { Stack } from 'aws-cdk-lib';
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway';
import { HttpApi, HttpMethod, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { log } from './lambda.ts';

export function webhookApi(stack: Stack, webhook: IFunction): HttpApi {
  const api = new HttpApi(stack, 'Api', { apiName: stack.stackName, createDefaultStage: false });
  api.addRoutes({
    path: '/orders/{provider}',
    methods: [HttpMethod.ANY],
    integration: new HttpLambdaIntegration('Webhook', webhook),
  });
  api.addStage('Stage', {
    stageName: '$default',
    autoDeploy: true,
    // The limit has room for a product launch, and providers retry after 429. A flood costs about ten dollars a day.
    throttle: { rateLimit: 50, burstLimit: 100 },
    accessLogSettings: {
      destination: new LogGroupLogDestination(log(stack, 'ApiLog')),
      format: AccessLogFormat.custom(JSON.stringify(ACCESS)),
    },
  });
  return api;
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
