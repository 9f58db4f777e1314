/** Names of the AWS resources of `npm start`: the local system creates them, and the commands find them with --local. */
export const LOCAL_NAMES = {
  table: 'keypost-orders',
  productKeys: 'product-keys',
  providerKeys: 'provider-keys',
  keypostKeys: 'keypost-keys',
  limits: 'keypost-limits',
  configurationSet: 'keypost',
  mailsBucket: 'order-mails',
  generate: 'keypost-generate',
  operator: 'keypost-operator',
} as const;
