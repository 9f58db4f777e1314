/** Writes reports as log lines; some are metrics in CloudWatch's embedded format. */
import type { Report, ReportName } from '../core/world.ts';

/** All custom metrics: ten at most, since they cost money. The alarms and the dashboard use them. */
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

/** The metrics of a report: the value is 1, or the detail with the given name. */
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
    const measured = Object.entries(METRICS[name] ?? {}).map(([metric, value]) => [
      metric,
      value === 1 ? 1 : details[value],
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
