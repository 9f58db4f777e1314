/** One page of CloudWatch that shows how the shop is doing: what the buyers wait, what waits for whom, what fails. */
import { Aws, Duration, type Stack } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  LogQueryWidget,
  Metric,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import type { MetricName } from '../functions/aws/reports.ts';
import { errorsOf, type Watched } from './alarms.ts';

interface Shown extends Watched {
  readonly webhookLog: ILogGroup;
}

const WIDTH = 8;

/** Answers its address in the console. */
export function dashboard(stack: Stack, shown: Shown): string {
  const made = new Dashboard(stack, 'Overview', { defaultInterval: Duration.days(7) });
  const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width: WIDTH });
  for (const row of rowsOf(shown)) made.addWidgets(...row.map(([title, metrics]) => graph(title, metrics)));
  made.addWidgets(
    new LogQueryWidget({
      title: 'No concern of yours: ignored products, renewals, unpaid sessions, unknown events',
      logGroupNames: [shown.webhookLog.logGroupName],
      queryLines: ['filter report = "ignored"', 'stats count(*) as notifications by provider'],
      width: 3 * WIDTH,
      height: 4,
    }),
  );
  return `https://${Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region=${Aws.REGION}#dashboards/dashboard/${made.dashboardName}`;
}

type Graph = readonly [title: string, metrics: IMetric[]];

function rowsOf({ namespace, api, webhook, workers }: Watched): readonly (readonly Graph[])[] {
  const ours = (metricName: MetricName, label: string, statistic: string = Stats.SUM) =>
    new Metric({ namespace, metricName, label, statistic, period: Duration.minutes(5) });
  // For the whole account and region: SES counts by itself what it is not asked to count apart.
  const ses = (metricName: string) =>
    new Metric({ namespace: 'AWS/SES', metricName, statistic: Stats.SUM, period: Duration.hours(1) });
  return [
    [
      [
        'Seconds from the order to the mail that SES accepted',
        [
          ours('PostToAcceptedSeconds', 'p50', Stats.p(50)),
          ours('PostToAcceptedSeconds', 'p95', Stats.p(95)),
        ],
      ],
      [
        'Orders recorded, mails accepted',
        [ours('OrdersRecorded', 'orders'), ours('PostToAcceptedSeconds', 'mails', Stats.SAMPLE_COUNT)],
      ],
      ['Oldest mail that is due, seconds', [ours('OldestDueSeconds', 'oldest due', Stats.MAXIMUM)]],
    ],
    [
      [
        'Held orders, mails due',
        [ours('HeldOrders', 'held', Stats.MAXIMUM), ours('DueMails', 'due', Stats.MAXIMUM)],
      ],
      ['Mails, bounces, complaints (SES, whole account)', [ses('Send'), ses('Bounce'), ses('Complaint')]],
      ['SES quota of the day used, percent', [ours('SesQuotaPercent', 'used', Stats.MAXIMUM)]],
    ],
    [
      [
        'Refused: wrong signatures, too large',
        [ours('RefusedSignatures', 'signatures'), ours('TooLarge', 'too large')],
      ],
      [
        'Errors: answers of 5xx, Lambdas, SES refusing the account',
        [
          api.metricServerError({ statistic: Stats.SUM, label: '5xx' }),
          webhook.metricErrors({ label: 'webhook' }),
          errorsOf(workers),
          ours('AccountFaults', 'account faults'),
        ],
      ],
      [
        'What providers wait for our answer, milliseconds',
        [
          api.metricLatency({ statistic: Stats.p(50), label: 'p50' }),
          api.metricLatency({ statistic: Stats.p(95), label: 'p95' }),
        ],
      ],
    ],
  ];
}
