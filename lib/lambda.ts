/** The settings that all Lambdas share, and how a Lambda gets a permission. */
import { Duration, RemovalPolicy, type Stack } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import * as aws from 'aws-cdk-lib/aws-lambda';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';

interface SilentProps extends Partial<aws.FunctionProps> {
  /** The folder with `index.mjs`. */
  readonly bundle: string;
  readonly timeout: Duration;
}

interface LambdaProps extends SilentProps {
  readonly environment: Record<string, string>;
}

/**
 * The role may write its own log only; AWS's managed policy may write every log of the account. The log stays text: in
 * AWS's log format JSON, CloudWatch finds no metric in a line.
 */
export function lambda(stack: Stack, id: string, props: LambdaProps): aws.Function {
  const made = silentLambda(stack, id, props);
  made.logGroup.grantWrite(made);
  return made;
}

/**
 * Runs third-party programs. Its role allows nothing, not even a log, and it has no settings: a program that escapes
 * finds nothing. The caller reports what is wrong with an answer.
 */
export const generatorLambda = (stack: Stack, bundle: string): aws.Function =>
  silentLambda(stack, 'Generate', { bundle, memorySize: 256, timeout: Duration.seconds(3) });

/** The log stays empty. Without it CDK makes one that has a fixed name and outlives the stack. */
const silentLambda = (stack: Stack, id: string, { bundle, ...props }: SilentProps): aws.Function =>
  new aws.Function(stack, id, {
    runtime: aws.Runtime.NODEJS_24_X,
    architecture: aws.Architecture.ARM_64,
    memorySize: 512,
    handler: 'index.handler',
    code: aws.Code.fromAsset(bundle),
    logGroup: log(stack, `${id}Log`),
    role: new Role(stack, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }),
    ...props,
  });

/** The log is deleted with the stack, because it holds only codes and counts; the table has the data. */
export const log = (stack: Stack, id: string, logGroupName?: string): LogGroup =>
  new LogGroup(stack, id, {
    ...(logGroupName === undefined ? {} : { logGroupName }),
    retention: RetentionDays.THREE_MONTHS,
    removalPolicy: RemovalPolicy.DESTROY,
  });

/** Allows exactly these actions. CDK's own grants add further actions, and all indexes of a table. */
export function allow(to: IGrantable, actions: string[], resources: string[], conditions = {}): void {
  to.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions, resources, conditions }));
}
