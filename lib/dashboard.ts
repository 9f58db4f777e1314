/** The CloudWatch dashboard: how long buyers wait, what is held or due, and what fails. */
import { Aws, Duration, type Stack } from 'aws-cdk-lib';
import {
  Dashboard,
  GraphWidget,
  type IMetric,
  LogQueryVisualizationType,
  LogQueryWidget,
  Metric,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { MetricName } from '../functions/aws/reports.ts';
import { errorsOf, type Monitored } from './alarms.ts';

const WIDTH = 8;

/** Returns the dashboard's address in the AWS console. */
export function dashboard(stack: Stack, monitored: Monitored): string {
  const page = new Dashboard(stack, 'Overview', { defaultInterval: Duration.days(7) });
  const graph = (title: string, left: IMetric[]) => new GraphWidget({ title, left, width: WIDTH });
  page.addWidgets(...queriesOf(monitored));
  for (const row of rowsOf(monitored))
    page.addWidgets(...row.map(([title, metrics]) => graph(title, metrics)));
  return `https://${Aws.REGION}.console.aws.amazon.com/cloudwatch/home?region=${Aws.REGION}#dashboards/dashboard/${page.dashboardName}`;
}

/** The log has these numbers already: a metric would cost money and say no more. */
function queriesOf({ webhook }: Monitored): LogQueryWidget[] {
  const query = (title: string, report: string, stats: string, view: LogQueryVisualizationType) =>
    new LogQueryWidget({
      title,
      view,
      logGroupNames: [webhook.logGroup.logGroupName],
      queryLines: [`filter report = "${report}"`, stats],
      width: WIDTH,
    });
  const { LINE, TABLE } = LogQueryVisualizationType;
  return [
    query(
      'Seconds from the order to the mail that SES accepted',
      'mail_sent',
      'stats pct(seconds, 50) as p50, pct(seconds, 95) as p95 by bin(1h)',
      LINE,
    ),
    query('Orders recorded', 'order_recorded', 'stats count(*) as orders by bin(1h)', LINE),
    query(
      'Ignored: products that are not yours, unpaid sessions, unknown events',
      'ignored',
      'stats count(*) as notifications by provider',
      TABLE,
    ),
  ];
}

type Graph = readonly [title: string, metrics: IMetric[]];

function rowsOf({ namespace, api, webhook, workers, lost }: Monitored): readonly (readonly Graph[])[] {
  const custom = (metricName: MetricName, label: string, statistic: string = Stats.SUM) =>
    new Metric({ namespace, metricName, label, statistic, period: Duration.minutes(5) });
  // SES counts these for the whole account and region.
  const ses = (metricName: string) =>
    new Metric({ namespace: 'AWS/SES', metricName, statistic: Stats.SUM, period: Duration.hours(1) });
  return [
    [
      [
        'Seconds that the oldest has waited: held, other, due',
        [
          custom('OldestHeldSeconds', 'held', Stats.MAXIMUM),
          custom('OldestWaitingSeconds', 'other', Stats.MAXIMUM),
          custom('OldestDueSeconds', 'due mail', Stats.MAXIMUM),
        ],
      ],
      ['Mails, bounces, complaints (SES, whole account)', [ses('Send'), ses('Bounce'), ses('Complaint')]],
      ['SES quota of the day used, percent', [custom('SesQuotaPercent', 'used', Stats.MAXIMUM)]],
    ],
    [
      [
        'Refused: all 4xx, 429, wrong signatures, too large',
        [
          api.metricClientError({ statistic: Stats.SUM, label: '4xx' }),
          new Metric({ namespace, metricName: 'TooManyRequests', label: '429', statistic: Stats.SUM }),
          custom('RefusedSignatures', 'signatures'),
          custom('TooLarge', 'too large'),
        ],
      ],
      [
        'Errors: 5xx responses, Lambdas, SES refusing the account, needs a look',
        [
          api.metricServerError({ statistic: Stats.SUM, label: '5xx' }),
          webhook.metricErrors({ label: 'webhook' }),
          errorsOf(workers, lost),
          custom('AccountFaults', 'account faults'),
          custom('NeedsALook', 'needs a look'),
        ],
      ],
      [
        'Latency of the webhook in milliseconds, throttled Lambdas',
        [
          api.metricLatency({ statistic: Stats.p(50), label: 'p50' }),
          api.metricLatency({ statistic: Stats.p(95), label: 'p95' }),
          ...[webhook, ...workers].map((one) => one.metricThrottles()),
        ],
      ],
    ],
  ];
}
