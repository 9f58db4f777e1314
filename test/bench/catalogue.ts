/** A seller with two providers and one product. */
import { defineConfig } from 'keypost';

export default defineConfig({
  seller: {
    name: 'Widget Works',
    from: 'orders@widgets.example.com',
    replyTo: 'support@widgets.example.com',
    alarms: 'seller@widgets.example.com',
  },
  providers: { stripe: {}, shop: {} },
  products: {
    'widgetpro-mac': {
      name: 'WidgetPro for Mac',
      serial: { kind: 'aes-128', mode: 'ecb', padding: 'pkcs7', text: { alphabet: 'HEX' } },
      skus: { stripe: ['widgetpro-mac'], shop: ['widgetpro-mac'] },
      floor: { EUR: '10.00' },
    },
  },
});
