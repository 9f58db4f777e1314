/** The CloudWatch dashboard: how long buyers wait, what is held or due, and what fails. */
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
import { errorsOf, type Monitored } from './alarms.ts';

interface DashboardProps extends Monitored {
  readonly webhookLog: ILogGroup;
}

const WIDTH = 8;

/** Returns the dashboard's address in the AWS console. */
export function dashboard(stack: Stack, props: DashboardProps): string {
  const page = new Dashboard(stack, 'Overview', { defaultInterval: Duration.days(7) });
  const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width: WIDTH });
  for (const row of rowsOf(props)) page.addWidgets(...row.map(([title, metrics]) => graph(title, metrics)));
  page.addWidgets(
    new LogQueryWidget({
      title: 'Ignored: products that are not yours, renewals, unpaid sessions, unknown events',
      logGroupNames: [props.webhookLog.logGroupName],
      queryLines: ['filter report = "ignored"', 'stats count(*) as notifications by provider'],
      width: 3 * WIDTH,
      height: 4,
    }),
  );
  return `https://${Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region=${Aws.REGION}#dashboards/dashboard/${page.dashboardName}`;
}

type Graph = readonly [title: string, metrics: IMetric[]];

function rowsOf({ namespace, api, webhook, workers }: Monitored): readonly (readonly Graph[])[] {
  const custom = (metricName: MetricName, label: string, statistic: string = Stats.SUM) =>
    new Metric({ namespace, metricName, label, statistic, period: Duration.minutes(5) });
  // SES counts these for the whole account and region.
  const ses = (metricName: string) =>
    new Metric({ namespace: 'AWS/SES', metricName, statistic: Stats.SUM, period: Duration.hours(1) });
  return [
    [
      [
        'Seconds from the order to the mail that SES accepted',
        [
          custom('PostToAcceptedSeconds', 'p50', Stats.p(50)),
          custom('PostToAcceptedSeconds', 'p95', Stats.p(95)),
        ],
      ],
      [
        'Orders recorded, mails accepted',
        [custom('OrdersRecorded', 'orders'), custom('PostToAcceptedSeconds', 'mails', Stats.SAMPLE_COUNT)],
      ],
      ['Oldest mail that is due, seconds', [custom('OldestDueSeconds', 'oldest due', Stats.MAXIMUM)]],
    ],
    [
      [
        'Held orders, mails due',
        [custom('HeldOrders', 'held', Stats.MAXIMUM), custom('DueMails', 'due', Stats.MAXIMUM)],
      ],
      ['Mails, bounces, complaints (SES, whole account)', [ses('Send'), ses('Bounce'), ses('Complaint')]],
      ['SES quota of the day used, percent', [custom('SesQuotaPercent', 'used', Stats.MAXIMUM)]],
    ],
    [
      [
        'Refused: wrong signatures, too large',
        [custom('RefusedSignatures', 'signatures'), custom('TooLarge', 'too large')],
      ],
      [
        'Errors: 5xx responses, Lambdas, SES refusing the account',
        [
          api.metricServerError({ statistic: Stats.SUM, label: '5xx' }),
          webhook.metricErrors({ label: 'webhook' }),
          errorsOf(workers),
          custom('AccountFaults', 'account faults'),
        ],
      ],
      [
        'Latency of the webhook, milliseconds',
        [
          api.metricLatency({ statistic: Stats.p(50), label: 'p50' }),
          api.metricLatency({ statistic: Stats.p(95), label: 'p95' }),
        ],
      ],
    ],
  ];
}
