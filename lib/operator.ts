/** The Lambda that performs manual actions, and the policy of a person who answers buyers. */
import { Duration, type Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Alias } from 'aws-cdk-lib/aws-lambda';
import type { WebhookEnv } from '../functions/env.ts';
import { allow, lambda } from './lambda.ts';

/** The Lambda allows a caller of the alias `support` only the usual actions: functions/operator.ts has the same name. */
export function operator(
  stack: Stack,
  table: Table,
  shared: { readonly bundle: string; readonly environment: WebhookEnv },
) {
  const operating = lambda(stack, 'Operator', { ...shared, timeout: Duration.seconds(30) });
  allow(operating, ['dynamodb:GetItem', 'dynamodb:PutItem'], [table.tableArn]);
  const alias = new Alias(stack, 'OperatorSupport', {
    aliasName: 'support',
    version: operating.latestVersion,
  });
  const indexes = ['due', 'held', 'byDay', 'byEmail'].map((name) => `${table.tableArn}/index/${name}`);
  const read = ['GetItem', 'BatchGetItem', 'Scan', 'DescribeTable'].map((action) => `dynamodb:${action}`);
  const named = { service: 'cloudformation', resource: 'stack', resourceName: `${stack.stackName}/*` };
  const ownStack = stack.formatArn(named);
  const policy = new ManagedPolicy(stack, 'SupportPolicy', {
    description: 'Read the orders, and release, resend, reissue and transfer them with `keypost desk`',
    statements: [
      new PolicyStatement({ actions: read, resources: [table.tableArn] }),
      new PolicyStatement({ actions: ['dynamodb:Query'], resources: indexes }),
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [alias.functionArn] }),
      // The ARN that IAM checks ends with an asterisk if the caller gives the stack's name.
      new PolicyStatement({ actions: ['cloudformation:DescribeStacks'], resources: [ownStack] }),
    ],
  });
  return {
    lambda: operating,
    outputs: {
      OperatorFunction: operating.functionName,
      SupportFunction: alias.functionArn,
      KeypostSupport: policy.managedPolicyArn,
    },
  };
}
