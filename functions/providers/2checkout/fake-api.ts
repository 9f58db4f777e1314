/** https://docs.2checkout.com/api-reference/reference/order: the orders of the notifications, as the API shows them. */
import { apiJson, callOf, type FakeOrders, type SoldOrder } from '../simulator.ts';

export const twoCheckoutOrders: FakeOrders = (sold, request) => {
  const { pathname, searchParams } = callOf(request);
  const [, number] = /^\/rest\/6\.0\/orders\/(\w+)\/$/.exec(pathname) ?? [];
  const one = sold.find(({ id }) => id === number);
  if (one) return apiJson(200, orderOf(one));
  if (!pathname.startsWith('/rest/6.0/orders/')) return apiJson(404, { error_code: 'PRODUCT_NOT_FOUND' });
  const [page, limit] = [Number(searchParams.get('Page')), Number(searchParams.get('Limit'))];
  const Items = sold.slice((page - 1) * limit, page * limit).map(orderOf);
  return apiJson(200, { Items, Pagination: { Page: page, Limit: limit, Count: sold.length } });
};

function orderOf({ paid, refunded }: SoldOrder) {
  const fields = new URLSearchParams(paid);
  const text = (name: string) => fields.get(name) || null;
  const GrossDiscountedPrice = Number(text('IPN_TOTALGENERAL'));
  const [Currency, CountryCode] = [text('CURRENCY')?.toLowerCase(), text('COUNTRY_CODE')];
  const person = { FirstName: text('FIRSTNAME'), LastName: text('LASTNAME'), Company: text('COMPANY') };
  const BillingDetails = { ...person, Email: text('CUSTOMEREMAIL'), CountryCode };
  const subscription = { SubscriptionReference: text('IPN_LICENSE_REF[]'), Trial: false };
  return {
    ...{ RefNo: text('REFNO'), Status: refunded ? 'REFUND' : 'COMPLETE', ChargebackResolution: 'NONE' },
    ...{ OrderDate: text('SALEDATE'), TestOrder: text('TEST_ORDER') === '1', Language: text('LANGUAGE') },
    ...{ BillingDetails, DeliveryDetails: BillingDetails, GiftDetails: null, Currency, GrossDiscountedPrice },
    ...{ PaymentDetails: { Type: 'CC', Currency }, AdditionalFields: null },
    Items: [
      {
        ...{ Code: text('IPN_PCODE[]'), Quantity: Number(text('IPN_QTY[]')), AdditionalFields: null },
        ProductDetails: { Name: text('IPN_PNAME[]'), RenewalStatus: false, Subscriptions: [subscription] },
        Price: { Currency, GrossDiscountedPrice: Number(text('IPN_TOTAL[]')) },
      },
    ],
  };
}
