/** The alarms: each mails the seller a description and a link to its article in the runbook. */
import { Duration, type Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  type CreateAlarmOptions,
  MathExpression,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import { FilterPattern, type ILogGroup, MetricFilter } from 'aws-cdk-lib/aws-logs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { MetricName } from '../functions/aws/reports.ts';

export interface Monitored {
  readonly namespace: string;
  readonly api: HttpApi;
  readonly accessLog: ILogGroup;
  readonly webhook: lambda.Function;
  /** The other Lambdas, whose errors raise WorkerErrors. */
  readonly workers: readonly lambda.IFunction[];
  /** Dead-letter queues: a message raises WorkerErrors until it is dealt with. */
  readonly lost: readonly IQueue[];
  /** True if there are buyers' pages. */
  readonly hasPages: boolean;
}

interface AlarmSpec extends Partial<CreateAlarmOptions> {
  readonly metric: Metric | MathExpression;
  readonly description: string;
}

/** @param runbook the address of the page that has an article for each alarm. */
export function alarms(stack: Stack, to: string, runbook: string, monitored: Monitored): Topic {
  // The topic gets no policy: it would replace the default one, which lets the alarms of this account publish.
  const topic = new Topic(stack, 'Alarms', { displayName: 'Keypost' });
  topic.addSubscription(new EmailSubscription(to));
  for (const [id, { metric, description, ...options }] of Object.entries(alarmSpecs(stack, monitored))) {
    const alarm = metric.createAlarm(stack, id, {
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: `${description} What to do: ${runbook}#${kebab(id)}`,
      ...options,
    });
    alarm.addAlarmAction(new SnsAction(topic));
  }
  return topic;
}

/** The runbook has an article for each name. AWS bills each metric of an alarm: docs/cost.md counts them. */
function alarmSpecs(
  stack: Stack,
  { namespace, accessLog, api, webhook, workers, lost, hasPages }: Monitored,
): Record<string, AlarmSpec> {
  const custom = (metricName: MetricName, statistic: 'Sum' | 'Maximum', minutes: number) =>
    new Metric({ namespace, metricName, statistic, period: Duration.minutes(minutes) });
  return {
    HeldOrders: {
      // Counts newly held lines: the number of held orders would not raise the alarm for the second one.
      metric: custom('LinesHeld', 'Sum', 5),
      description: 'An order is held. Its buyer waits until you resolve it.',
    },
    StillHeld: {
      metric: custom('OldestHeldSeconds', 'Maximum', 15),
      threshold: 24 * 3_600,
      description: 'A paid order has been held for a day. Its buyer still waits for the serial.',
    },
    StillWaiting: {
      metric: custom('OldestWaitingSeconds', 'Maximum', 15),
      threshold: 2 * 24 * 3_600,
      description:
        'A request, a notice, or an order whose mail does not arrive has waited for you for two days.',
    },
    MailsWait: {
      metric: custom('OldestDueSeconds', 'Maximum', 15),
      threshold: 900,
      treatMissingData: TreatMissingData.BREACHING,
      description:
        'A mail has been due for 15 minutes, or redeliver, which sends due mails, has not reported for as long.',
    },
    AccountFaults: {
      // While this lasts a mail is tried each minute. The period is longer, so the alarm is raised once.
      metric: custom('AccountFaults', 'Sum', 30),
      description:
        'SES refuses your mail: sandbox, identity, quota, pause or permission. Orders are stored and mailed later.',
    },
    RefusedSignatures: {
      metric: custom('RefusedSignatures', 'Sum', 15),
      threshold: 5,
      description:
        'Five wrong signatures in 15 minutes: a signing key has changed, or somebody forges orders.',
    },
    Unanswered: {
      metric: api.metricServerError(),
      description:
        'A provider got a 5xx response. Its order may not be stored yet, and some providers retry for minutes only.',
    },
    Throttled: {
      metric: new MathExpression({
        expression: 'FILL(requests, 0) + FILL(lambdas, 0)',
        usingMetrics: {
          requests: tooManyRequests(stack, namespace, accessLog),
          lambdas: webhook.metricThrottles(),
        },
        period: Duration.minutes(5),
      }),
      description:
        'AWS refused a notification because of too many at once. Some providers do not send it again.',
    },
    TooLarge: {
      metric: custom('TooLarge', 'Sum', 5),
      description:
        'A notification of more than 256 KiB was refused unread. If it was an order, it is not stored.',
    },
    NeedsALook: {
      metric: custom('NeedsALook', 'Sum', 5),
      description: 'Something happened that Keypost cannot judge. The log line names it.',
    },
    WebhookErrors: {
      metric: webhook.metricErrors(),
      description:
        'The webhook Lambda crashed or timed out, because of an error in Keypost or in its settings.',
    },
    WorkerErrors: {
      metric: errorsOf(workers, lost),
      description:
        'A Lambda other than the webhook failed: mails wait, missed orders are not fetched, or bounces are not recorded.',
    },
    SesQuota: {
      metric: custom('SesQuotaPercent', 'Maximum', 15),
      threshold: 80,
      description: '80 % of the daily SES quota is used. When it is used up, mails wait for the next day.',
    },
    ...(hasPages && {
      PageLimits: {
        metric: custom('PageLimits', 'Sum', 5),
        description:
          "The limit for all requests on the buyers' pages is reached. Buyers who ask now get no mail.",
      },
    }),
  };
}

/** AWS counts 429 among all 4xx only. */
const tooManyRequests = (stack: Stack, metricNamespace: string, logGroup: ILogGroup) =>
  new MetricFilter(stack, 'TooManyRequests', {
    logGroup,
    filterPattern: FilterPattern.stringValue('$.status', '=', '429'),
    metricNamespace,
    metricName: 'TooManyRequests',
  }).metric({ statistic: 'Sum' });

/** Sums the errors of all workers, and what they have failed to process. */
export function errorsOf(workers: readonly lambda.IFunction[], lost: readonly IQueue[]): MathExpression {
  const metrics = [
    ...workers.map((worker) => worker.metricErrors()),
    ...lost.map((queue) => queue.metricApproximateNumberOfMessagesVisible()),
  ];
  return new MathExpression({
    expression: metrics.map((_, index) => `FILL(m${index}, 0)`).join(' + '),
    usingMetrics: Object.fromEntries(metrics.map((metric, index) => [`m${index}`, metric])),
    period: Duration.minutes(5),
  });
}

const kebab = (id: string) => id.replaceAll(/(?!^)[A-Z]/g, '-$&').toLowerCase();
