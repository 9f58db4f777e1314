/**
 * Computes the monthly cost in AWS, item by item, in USD, of a catalogue without optional parts. The prices are the list prices of us-east-1 in autumn 2026
 * without free tiers. Times and sizes were measured here or, if that is impossible, are estimates.
 */

/** https://aws.amazon.com/api-gateway/pricing, …/lambda, /dynamodb, /ses, /secrets-manager, /cloudwatch, /sns */
const PRICE = {
  httpRequest: 1.0 / 1e6,
  lambdaRequest: 0.2 / 1e6,
  /** arm64. */
  lambdaGigabyteSecond: 0.0000133334,
  writeUnit: 0.625 / 1e6,
  readUnit: 0.125 / 1e6,
  tableGigabyte: 0.25,
  backupGigabyte: 0.2,
  mail: { 'à la carte': 0.1 / 1_000, Essentials: 0.16 / 1_000 },
  secret: 0.4,
  secretRead: 0.05 / 1e4,
  logGigabyte: 0.5,
  logGigabyteKept: 0.03,
  metric: 0.3,
  alarm: 0.1,
  publish: 0.5 / 1e6,
} as const;

export type Plan = keyof typeof PRICE.mail;

export interface CostLine {
  readonly item: string;
  readonly usd: number;
  readonly why: string;
}

export interface Cost {
  readonly lines: readonly CostLine[];
  readonly mail: Readonly<Record<Plan, number>>;
  /** The lines and the mail. */
  readonly total: Readonly<Record<Plan, number>>;
}

/** A month with that many orders, each a sale of one product that is mailed at once. */
export function costOf(orders: number): Cost {
  const lines = [...ofOrders(orders), ...ofTheMonth(orders)];
  const sum = lines.reduce((total, { usd }) => total + usd, 0);
  const mail = {
    'à la carte': orders * PRICE.mail['à la carte'],
    Essentials: orders * PRICE.mail.Essentials,
  };
  return {
    lines,
    mail,
    total: { 'à la carte': sum + mail['à la carte'], Essentials: sum + mail.Essentials },
  };
}

/** Put and mark, each of one unit; the due, day and mail entries of the first, the due entry's end of the second. */
export const WRITE_UNITS = { record: 4, mark: 2 } as const;
/** The item with DynamoDB's overhead, and its two permanent index entries. */
export const STORED_BYTES = 1_000;
const GIGABYTES = 0.5;
const SECONDS = { order: 0.12, start: 0.35, event: 0.03, redeliver: 0.15, reconcile: 5 } as const;
const ONE_START_IN = 100;
/** The metrics of all alarms; AWS bills each, also several of one alarm. */
export const ALARM_METRICS = 18;
/** Our own metrics that are sent only while something is held, refused or throttled: in so many of all hours. */
const RARE = { metrics: 9, hours: 0.05 } as const;
/** SEND and DELIVERY. */
const EVENTS = 2;
const LOG_BYTES = { order: 1_200, access: 300, event: 400, run: 800 } as const;
const LOG_MONTHS = 3;

function ofOrders(orders: number): CostLine[] {
  const { order, start, event } = SECONDS;
  const write = WRITE_UNITS.record + WRITE_UNITS.mark;
  const logs = (LOG_BYTES.order + LOG_BYTES.access + EVENTS * LOG_BYTES.event) / 1e9;
  return [
    { item: 'HTTP API', usd: orders * PRICE.httpRequest, why: 'one request' },
    {
      item: 'Lambda, webhook',
      usd: orders * lambda(order + start / ONE_START_IN),
      why: `arm64, 512 MB, ${order * 1_000} ms; one start in ${ONE_START_IN} is cold`,
    },
    {
      item: 'DynamoDB, order',
      usd: orders * write * PRICE.writeUnit,
      why: `${write} write units: put and mark, with the entries of three indexes`,
    },
    {
      item: 'DynamoDB, storage and backup',
      usd: orders * (STORED_BYTES / 1e9) * (PRICE.tableGigabyte + PRICE.backupGigabyte),
      why: `${STORED_BYTES / 1_000} KB, for each month that they are kept`,
    },
    {
      item: 'mail events',
      usd: orders * (EVENTS * (PRICE.publish + lambda(event) + PRICE.readUnit) + PRICE.writeUnit),
      why: 'SEND and DELIVERY: SNS, Lambda, a read each and a write',
    },
    {
      item: 'logs',
      usd: orders * logs * (PRICE.logGigabyte + LOG_MONTHS * PRICE.logGigabyteKept),
      why: `${(logs * 1e6).toFixed(1)} KB, kept for ${LOG_MONTHS} months`,
    },
  ];
}

const MINUTES = 30 * 24 * 60;
const HOURS = MINUTES / 60;
/** The lease is acquired and released. Eight shards are queried three times, and the held items four times. */
const RUN = { writes: 2, reads: 28 * 0.5 } as const;
/** One Lambda that is always busy. With few orders, each may find an expired cache. */
const MOST_READS = (2 * MINUTES) / 5;

function ofTheMonth(orders: number): CostLine[] {
  const { redeliver, reconcile } = SECONDS;
  const reads = Math.min(2 * orders, MOST_READS) + 2 * HOURS;
  const logs = (MINUTES * LOG_BYTES.run) / 1e9;
  return [
    {
      item: 'secrets',
      usd: 2 * PRICE.secret + reads * PRICE.secretRead,
      why: 'two; read again after five minutes, and each hour by `reconcile`',
    },
    {
      item: 'metrics',
      usd: (1 + RARE.metrics * RARE.hours) * PRICE.metric,
      why: `one that is always sent, and ${RARE.metrics} that are sent in one hour of ${1 / RARE.hours}`,
    },
    {
      item: 'alarms',
      usd: ALARM_METRICS * PRICE.alarm,
      why: `${ALARM_METRICS} metrics are watched; their mails cost nothing worth a line`,
    },
    {
      item: '`redeliver` and `reconcile`',
      usd:
        MINUTES * (lambda(redeliver) + RUN.writes * PRICE.writeUnit + RUN.reads * PRICE.readUnit) +
        HOURS * lambda(reconcile) +
        logs * (PRICE.logGigabyte + LOG_MONTHS * PRICE.logGigabyteKept),
      why: 'each minute and each hour, whether there is anything to do or not',
    },
  ];
}

const lambda = (seconds: number) => PRICE.lambdaRequest + GIGABYTES * seconds * PRICE.lambdaGigabyteSecond;
