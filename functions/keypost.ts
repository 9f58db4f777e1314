/** The exports of the package `keypost`, for a seller's catalogue, providers and serial functions. */
import { type Catalogue, defineConfig as check } from './core/catalogue/catalogue.ts';
import type { OwnProvider, ProductSettings, ShopSettings } from './core/catalogue/settings.ts';
import type { BuiltIn } from './providers/settings.ts';

export { presets } from './core/catalogue/catalogue.ts';
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

/** Checks the catalogue. Throws an error that lists every mistake at once. */
export const defineConfig = <const Names extends string>(settings: Settings<Names>): Catalogue =>
  check(settings);

/** A built-in provider under another name, or one of the seller's own. */
type OtherProvider =
  | OwnProvider
  | { readonly [Name in keyof BuiltIn]-?: NonNullable<BuiltIn[Name]> & As<Name> }[keyof BuiltIn];
interface As<Name> {
  /** The built-in provider behind this name: for two shops of one kind, for instance. */
  readonly as: Name;
}

/** @typeParam Names the names of the providers, which the SKUs of the products use. */
export interface Settings<Names extends string> extends ShopSettings {
  /** The enabled providers; requests of any other are refused. Another name needs `as` or `use`. */
  readonly providers: BuiltIn & {
    readonly [Name in Names]: Name extends keyof BuiltIn ? BuiltIn[Name] : OtherProvider;
  };
  /** The products, each under a name of yours, such as `widget-mac`. */
  readonly products: Readonly<Record<string, ProductSettings<NoInfer<Names>>>>;
}
