/** What wakes the seller: by mail, in plain words, with the article of the runbook that cures it. */
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

export interface Watched {
  readonly namespace: string;
  readonly api: HttpApi;
  readonly webhook: IFunction;
  /** Whatever works behind it. */
  readonly workers: readonly IFunction[];
}

interface Bell extends Partial<CreateAlarmOptions> {
  readonly metric: Metric | MathExpression;
  readonly says: string;
}

export function alarms(stack: Stack, to: string, watched: Watched): Topic {
  // It has no policy: any would take the place of SNS's own, which lets the alarms of this account publish.
  const topic = new Topic(stack, 'Alarms', { displayName: 'Keypost' });
  topic.addSubscription(new EmailSubscription(to));
  for (const [id, { metric, says, ...options }] of Object.entries(bells(watched))) {
    const alarm = metric.createAlarm(stack, id, {
      threshold: 1,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: `${says} What to do: ${RUNBOOK}#${kebab(id)}`,
      ...options,
    });
    alarm.addAlarmAction(new SnsAction(topic));
  }
  return topic;
}

/** At most ten, since each costs money; each has an article of its name. */
function bells({ namespace, api, webhook, workers }: Watched): Record<string, Bell> {
  const ours = (metricName: MetricName, statistic: 'Sum' | 'Maximum' | 'Minimum', minutes: number) =>
    new Metric({ namespace, metricName, statistic, period: Duration.minutes(minutes) });
  return {
    HeldOrders: {
      // Counts what is newly held: how many are held would keep still about the second one.
      metric: ours('LinesHeld', 'Sum', 5),
      says: 'An order is held: its buyer waits until you have looked at it.',
    },
    StillHeld: {
      metric: ours('HeldOrders', 'Minimum', 24 * 60),
      says: 'An order has been held for a day: its buyer still waits.',
    },
    MailsWait: {
      metric: ours('OldestDueSeconds', 'Maximum', 15),
      threshold: 900,
      treatMissingData: TreatMissingData.BREACHING,
      says: 'A mail has waited for 15 minutes, or redeliver, which sends what waits, has been silent as long.',
    },
    AccountFaults: {
      // A mail is tried each 15 minutes while this lasts; it rings once.
      metric: ours('AccountFaults', 'Sum', 30),
      says: 'SES refuses your mail: sandbox, identity, quota, pause or permission. Orders are kept and mailed later.',
    },
    RefusedSignatures: {
      metric: ours('RefusedSignatures', 'Sum', 15),
      threshold: 5,
      says: 'Five wrong signatures in 15 minutes: a signing key has changed, or somebody forges orders.',
    },
    Unanswered: {
      metric: api.metricServerError(),
      says: 'A provider heard 5xx: its order may not be kept yet, and some providers try again for minutes only.',
    },
    TooLarge: {
      metric: ours('TooLarge', 'Sum', 5),
      says: 'A notification of more than 256 KiB was refused unread: if it was an order, nobody has it.',
    },
    WebhookErrors: {
      metric: webhook.metricErrors(),
      says: 'The webhook Lambda crashed or ran out of time: a fault of Keypost or of its settings.',
    },
    WorkerErrors: {
      metric: errorsOf(workers),
      says: 'redeliver, mail-events or reconcile failed: what was not mailed at once waits, or nobody hears of a bounce.',
    },
    SesQuota: {
      metric: ours('SesQuotaPercent', 'Maximum', 15),
      threshold: 80,
      says: 'Four fifths of what SES lets you mail in a day are used: beyond the rest, mails wait for the next day.',
    },
  };
}

/** One alarm for all of them: each costs money. */
export const errorsOf = (workers: readonly IFunction[]): MathExpression =>
  new MathExpression({
    expression: workers.map((_, at) => `m${at}`).join(' + '),
    usingMetrics: Object.fromEntries(workers.map((worker, at) => [`m${at}`, worker.metricErrors()])),
    period: Duration.minutes(5),
  });

const kebab = (id: string) => id.replaceAll(/(?!^)[A-Z]/g, '-$&').toLowerCase();
