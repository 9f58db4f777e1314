/** What is counted, as log lines; some of them metrics in CloudWatch's embedded format. */
import type { Report, ReportName } from '../core/world.ts';

/** Every custom metric there is: ten at most, they cost money. The alarms and the dashboard name them. */
export type MetricName =
  | 'OrdersRecorded'
  | 'PostToAcceptedSeconds'
  | 'AccountFaults'
  | 'RefusedSignatures'
  | 'TooLarge'
  | 'LinesHeld'
  | 'HeldOrders'
  | 'DueMails'
  | 'OldestDueSeconds'
  | 'SesQuotaPercent';

/** What a report adds to: one more, or the detail of that name. */
const METRICS: Partial<Record<ReportName, Partial<Record<MetricName, 1 | string>>>> = {
  order_recorded: { OrdersRecorded: 1 },
  mail_sent: { PostToAcceptedSeconds: 'seconds' },
  account_fault: { AccountFaults: 1 },
  signature_refused: { RefusedSignatures: 1 },
  too_large: { TooLarge: 1 },
  line_held: { LinesHeld: 1 },
  gauges: { HeldOrders: 'held', DueMails: 'due', OldestDueSeconds: 'oldest', SesQuotaPercent: 'quota' },
};

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
export function logReports(
  namespace: string,
  now: () => number,
  write: (line: string) => void = console.log,
): Report {
  return (name, details) => {
    const measured = Object.entries(METRICS[name] ?? {}).map(([metric, what]) => [
      metric,
      what === 1 ? 1 : details[what],
    ]);
    const emf = {
      Timestamp: now(),
      CloudWatchMetrics: [
        { Namespace: namespace, Dimensions: [[]], Metrics: measured.map(([Name]) => ({ Name })) },
      ],
    };
    write(
      JSON.stringify({
        report: name,
        ...details,
        ...Object.fromEntries(measured),
        ...(measured.length > 0 ? { _aws: emf } : {}),
      }),
    );
  };
}
