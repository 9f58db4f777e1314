/** The key of an order. A test order has a key of its own, so that it never takes the key of a sale. */
export function keyOf(provider: string, test: boolean, id: string): string {
  const safe = id.replaceAll('%', '%25').replaceAll('#', '%23');
  return test ? `${provider}#test#${safe}` : `${provider}#${safe}`;
}

/** The provider's ID at the end of an order's key. */
export const idIn = (key: string): string =>
  key
    .slice(key.lastIndexOf('#') + 1)
    .replaceAll('%23', '#')
    .replaceAll('%25', '%');
