/** A month in a shop; see month.ts. */
import { expect, test } from 'vitest';
import { MOST_TOUCHES, monthInAShop } from './month.ts';

test('no order is lost in a month, and a person acts on few orders', async () => {
  const { total, lost, mailedTwice, mails } = await monthInAShop(1);
  expect({ lost, mailedTwice }).toEqual({ lost: [], mailedTwice: [] });
  expect(mails).toBeGreaterThan(850);
  expect(total).toBeGreaterThan(0);
  expect(total).toBeLessThanOrEqual(MOST_TOUCHES);
});
