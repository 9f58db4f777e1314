/** What a simulator of a provider is asked for, and what it makes. */
export interface TestOrder {
  readonly event: string;
  /** The provider's id of the order; a new one where none is given. A reversal needs that of its sale. */
  readonly id?: string | undefined;
  readonly sku: string;
  readonly name: string;
  readonly email: string;
  readonly company: string;
  /** Marked as a test by the provider's own flag. */
  readonly test: boolean;
  /** What the catalogue asks at least, in euros. */
  readonly floor: number;
  /** Where it is posted, for those who have to name an address beside it. */
  readonly address?: string | undefined;
}

export interface SignedRequest {
  readonly method: 'GET' | 'POST';
  /** Behind the question mark, encoded. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The id under which the order is claimed. */
  readonly orderId: string;
  /** What the provider sends first, of the same order. */
  readonly before?: SignedRequest | undefined;
}

/** A provider, as we play it. */
export interface Simulator {
  /** What it can say; `paid` first. */
  readonly events: readonly string[];
  /**
   * A notification with every field that the provider sends, signed as it signs.
   * @param secret the newest signing key as it stands in `provider-keys`.
   * @param options the provider's options in the catalogue.
   * @param now milliseconds since 1970.
   */
  request(
    order: TestOrder,
    secret: string,
    options: Readonly<Record<string, unknown>>,
    now: number,
  ): SignedRequest;
}
