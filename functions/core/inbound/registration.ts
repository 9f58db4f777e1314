/**
 * Finds the licence name among the attributes of an order and its lines. An order with different names is held, since
 * the names cannot be matched to the lines.
 */
export function findRegistration(
  attributes: readonly { readonly name: string; readonly value?: unknown }[],
  licenseeField: string,
): { readonly registration: string | undefined; readonly held: 'no_name' | undefined } {
  const [registration, ...others] = new Set(
    attributes.flatMap(({ name, value }) =>
      name === licenseeField && typeof value === 'string' ? [value] : [],
    ),
  );
  return others.length > 0 ? { registration: undefined, held: 'no_name' } : { registration, held: undefined };
}
