/**
 * The catalogue: what you sell, through which providers. `npx cdk deploy` applies it. Write no secret into this file;
 * `keypost keys set` stores the keys.
 */
import { defineConfig } from 'keypost';

export default defineConfig({
  seller: {
    name: 'Widget Works',
    from: 'orders@widgets.example.com',
    replyTo: 'support@widgets.example.com',
    alarms: 'seller@widgets.example.com',
  },
  // docs/providers has a page for each provider that you can enable.
  providers: {
    stripe: { testOrders: 'seller' },
  },
  products: {
    'widgetpro-mac': {
      name: 'WidgetPro for Mac',
      // docs/serials.md lists all settings.
      serial: { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } },
      skus: { stripe: ['prod_WidgetProMac'] },
      floor: { EUR: '10.00', USD: '10.00' },
    },
  },
});
