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
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { MetricName } from '../functions/aws/reports.ts';

const RUNBOOK = 'docs/runbook.md';

export interface Monitored {
  readonly namespace: string;
  readonly api: HttpApi;
  readonly webhook: IFunction;
  /** The other Lambdas whose errors raise WorkerErrors. */
  readonly workers: readonly IFunction[];
}

interface AlarmSpec extends Partial<CreateAlarmOptions> {
  readonly metric: Metric | MathExpression;
  readonly description: string;
}

export function alarms(stack: Stack, to: string, monitored: Monitored): Topic {
  // The topic gets no policy: it would replace the default one, which lets the alarms of this account publish.
  const topic = new Topic(stack, 'Alarms', { displayName: 'Keypost' });
  topic.addSubscription(new EmailSubscription(to));
  for (const [id, { metric, description, ...options }] of Object.entries(alarmSpecs(monitored))) {
    const alarm = metric.createAlarm(stack, id, {
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: `${description} What to do: ${RUNBOOK}#${kebab(id)}`,
      ...options,
    });
    alarm.addAlarmAction(new SnsAction(topic));
  }
  return topic;
}

/** Returns at most ten alarms, because each costs money. The runbook has an article for each name. */
function alarmSpecs({ namespace, api, webhook, workers }: Monitored): Record<string, AlarmSpec> {
  const custom = (metricName: MetricName, statistic: 'Sum' | 'Maximum' | 'Minimum', minutes: number) =>
    new Metric({ namespace, metricName, statistic, period: Duration.minutes(minutes) });
  return {
    HeldOrders: {
      // Counts newly held lines: the number of held orders would not raise the alarm for the second one.
      metric: custom('LinesHeld', 'Sum', 5),
      description: 'An order is held. Its buyer waits until you resolve it.',
    },
    StillHeld: {
      metric: custom('HeldOrders', 'Minimum', 24 * 60),
      description: 'An order has been held for a day. Its buyer still waits.',
    },
    MailsWait: {
      metric: custom('OldestDueSeconds', 'Maximum', 15),
      threshold: 900,
      treatMissingData: TreatMissingData.BREACHING,
      description:
        'A mail has been due for 15 minutes, or redeliver, which sends due mails, has not reported for as long.',
    },
    AccountFaults: {
      // While this lasts a mail is retried every 15 minutes. The period is longer, so the alarm is raised once.
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
    TooLarge: {
      metric: custom('TooLarge', 'Sum', 5),
      description:
        'A notification of more than 256 KiB was refused unread. If it was an order, it is not stored.',
    },
    WebhookErrors: {
      metric: webhook.metricErrors(),
      description:
        'The webhook Lambda crashed or timed out, because of an error in Keypost or in its settings.',
    },
    WorkerErrors: {
      metric: errorsOf(workers),
      description:
        'redeliver or reconcile failed. Mails that were not sent at once wait, or missed orders are not fetched.',
    },
    SesQuota: {
      metric: custom('SesQuotaPercent', 'Maximum', 15),
      threshold: 80,
      description: '80 % of the daily SES quota is used. When it is used up, mails wait for the next day.',
    },
  };
}

/** Sums the errors of all workers, because each alarm costs money. */
export const errorsOf = (workers: readonly IFunction[]): MathExpression =>
  new MathExpression({
    expression: workers.map((_, index) => `m${index}`).join(' + '),
    usingMetrics: Object.fromEntries(workers.map((worker, index) => [`m${index}`, worker.metricErrors()])),
    period: Duration.minutes(5),
  });

const kebab = (id: string) => id.replaceAll(/(?!^)[A-Z]/g, '-$&').toLowerCase();
