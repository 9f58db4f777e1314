/** What is counted, as log lines; some of them metrics in CloudWatch's embedded format. */
import type { Report, ReportName } from '../core/world.ts';

/** Every custom metric there is: ten at most, they cost money. The stack's alarms name them. */
export type MetricName =
  | 'OrdersRecorded'
  | 'MailsSent'
  | 'Ignored'
  | 'AccountFaults'
  | 'RefusedSignatures'
  | 'TooLarge'
  | 'LinesHeld'
  | 'HeldOrders'
  | 'DueMails'
  | 'OldestDueSeconds';

const COUNTED: Partial<Record<ReportName, MetricName>> = {
  order_recorded: 'OrdersRecorded',
  mail_sent: 'MailsSent',
  ignored: 'Ignored',
  account_fault: 'AccountFaults',
  signature_refused: 'RefusedSignatures',
  too_large: 'TooLarge',
  line_held: 'LinesHeld',
};

const GAUGES: readonly MetricName[] = ['HeldOrders', 'DueMails', 'OldestDueSeconds'];

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
export function logReports(
  namespace: string,
  now: () => number,
  write: (line: string) => void = console.log,
): Report {
  return (name, details) => {
    const counted = COUNTED[name];
    const metrics: readonly MetricName[] = name === 'gauges' ? GAUGES : counted ? [counted] : [];
    const emf = {
      Timestamp: now(),
      CloudWatchMetrics: [
        { Namespace: namespace, Dimensions: [[]], Metrics: metrics.map((Name) => ({ Name })) },
      ],
    };
    write(
      JSON.stringify({
        report: name,
        ...details,
        ...(counted ? { [counted]: 1 } : {}),
        ...(metrics.length > 0 ? { _aws: emf } : {}),
      }),
    );
  };
}
