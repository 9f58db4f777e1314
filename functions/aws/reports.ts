/** Writes reports as log lines; some are metrics in CloudWatch's embedded format. */
import type { Report, ReportName } from '../core/world.ts';

/** All custom metrics; the alarms and the dashboard use them. AWS bills a metric for each hour in which it is sent. */
export type MetricName =
  | 'AccountFaults'
  | 'RefusedSignatures'
  | 'TooLarge'
  | 'NeedsALook'
  | 'LinesHeld'
  | 'OldestHeldSeconds'
  | 'OldestWaitingSeconds'
  | 'OldestDueSeconds'
  | 'SesQuotaPercent'
  | 'PageLimits';

/** The metrics of a report: the value is 1, or the detail with the given name. */
const METRICS: Partial<Record<ReportName, Partial<Record<MetricName, 1 | string>>>> = {
  account_fault: { AccountFaults: 1 },
  signature_refused: { RefusedSignatures: 1 },
  too_large: { TooLarge: 1 },
  line_held: { LinesHeld: 1 },
  alias_conflict: { NeedsALook: 1 },
  ignored_amount: { NeedsALook: 1 },
  mails_held: { NeedsALook: 1 },
  mail_unmarked: { NeedsALook: 1 },
  failed: { NeedsALook: 1 },
  limit_reached: { PageLimits: 1 },
  gauges: {
    OldestHeldSeconds: 'oldestHeld',
    OldestWaitingSeconds: 'oldestWaiting',
    OldestDueSeconds: 'oldest',
    SesQuotaPercent: 'quota',
  },
};

/** Sent even if it is 0: if it is missing, `redeliver` does not run. */
const HEARTBEAT = 'OldestDueSeconds';
/** The alarm starts at 80 %. */
const LEAST: Partial<Record<string, number>> = { SesQuotaPercent: 50, [HEARTBEAT]: 0 };

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
export function logReports(
  namespace: string,
  now: () => number,
  write: (line: string) => void = console.log,
): Report {
  return (name, details) => {
    const measured = Object.entries(METRICS[name] ?? {})
      .map(([metric, value]) => [metric, value === 1 ? 1 : Number(details[value])] as const)
      .filter(([metric, value]) => value >= (LEAST[metric] ?? 1));
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
