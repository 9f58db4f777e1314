/** The demo shop: sells one product through every provider. `npm run demo` and the tests run it. */
import { defineConfig } from 'keypost';

export default defineConfig({
  seller: {
    name: 'Widget Works',
    from: 'orders@widgets.example.com',
    replyTo: 'support@widgets.example.com',
    alarms: 'seller@widgets.example.com',
  },
  pages: {},
  providers: {
    stripe: { testOrders: 'seller' },
    shop: { testOrders: 'seller', ignore: ['consulting-hour'] },
    paddle: { testOrders: 'seller' },
    fastspring: { testOrders: 'seller' },
    polar: { testOrders: 'seller' },
    lemonsqueezy: { testOrders: 'seller' },
    gumroad: { testOrders: 'seller', options: { sellerId: 'kL0psVL2admJSYRNs-EXAMPLE==', reread: false } },
    paypal: { testOrders: 'seller', options: { payee: 'EXAMPLEMERCH1' } },
    bluesnap: { testOrders: 'seller' },
    shopify: { testOrders: 'seller' },
    woocommerce: { testOrders: 'seller' },
  },
  products: {
    'widgetpro-mac': {
      name: 'WidgetPro for Mac',
      serial: { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } },
      skus: {
        stripe: ['widgetpro-mac', 'prod_WidgetProMac', 'plink_1TExample000001'],
        shop: ['widgetpro-mac'],
        paddle: ['pro_01kexample00000000000000001'],
        fastspring: ['widgetpro-mac'],
        polar: ['widgetpro-mac'],
        lemonsqueezy: ['300301'],
        gumroad: ['EXAMPLEproductId01=='],
        paypal: ['widgetpro-mac'],
        bluesnap: ['3047000'],
        shopify: ['WP-WIN-3'],
        woocommerce: ['WP-WIN-3'],
      },
      floor: { EUR: '10.00', USD: '10.00' },
    },
  },
});
