/** What `import … from 'keypost'` gives to a seller's catalogue, providers and serial functions. */
export { defineConfig, presets } from './core/catalogue/catalogue.ts';
export { json } from './core/inbound/body.ts';
export type { Money, OrderEvent, SoldLine } from './core/inbound/event.ts';
export type { Context, Provider } from './core/inbound/provider.ts';
export { Rejection } from './core/inbound/rejection.ts';
export type { Answer, WebhookRequest } from './core/inbound/request.ts';
export {
  requireEqual,
  requireFresh,
  requireHeader,
  requireHmac,
  requireStandardWebhook,
} from './core/inbound/signature.ts';
export type { MakeSerial, ProgramOrder as SerialOrder } from './core/serial/program.ts';
