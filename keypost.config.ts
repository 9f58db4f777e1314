/** The catalogue: the one file a seller edits. `npx cdk deploy` makes it so; no secret ever stands here. */
import { defineConfig } from 'keypost';

export default defineConfig({
  seller: {
    name: 'Widget Works',
    from: 'orders@widgets.example.com',
    replyTo: 'support@widgets.example.com',
    alarms: 'seller@widgets.example.com',
  },
  providers: {
    stripe: { testOrders: 'seller' },
    shop: { testOrders: 'seller', ignore: ['consulting-hour'] },
  },
  products: {
    'widgetpro-mac': {
      name: 'WidgetPro for Mac',
      serial: { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } },
      skus: {
        stripe: ['widgetpro-mac', 'prod_WidgetProMac', 'plink_1TExample000001'],
        shop: ['widgetpro-mac'],
      },
      floor: { EUR: '10.00', USD: '10.00' },
    },
  },
});
