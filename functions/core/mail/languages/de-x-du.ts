import type { Language } from '../sentences.ts';
import { de } from './de.ts';

/** German with "du": only the sentences that address the buyer differ. */
export const deDu: Language = {
  ...de,
  subject: {
    one: 'Deine Seriennummer für {product} (Bestellung {order})',
    other: 'Deine Seriennummern für {product} (Bestellung {order})',
  },
  hello: 'Hallo {name},',
  helloUnnamed: 'Hallo,',
  thanks: {
    one: 'vielen Dank für deine Bestellung {order}. Hier ist deine Seriennummer.',
    other: 'vielen Dank für deine Bestellung {order}. Hier sind deine Seriennummern.',
  },
  gift: 'Dies ist ein Geschenk: Die Lizenz ist für eine andere Person, {name}. Du darfst diese E-Mail weiterleiten.',
  enter: 'Gib Name und Seriennummer genau so ein, wie sie hier stehen, mit allen Großbuchstaben, Leerzeichen und Akzenten; am sichersten kopierst du beides.',
  restFollows: 'Ein anderer Teil deiner Bestellung muss noch geprüft werden; seine Seriennummer folgt in einer eigenen E-Mail.',
  keep: 'Bitte bewahre diese E-Mail auf: Auf einem neuen Computer brauchst du Name und Seriennummer wieder. Falls etwas nicht funktioniert, antworte einfach; wir helfen dir.',
  questions: 'Bei Fragen antworte einfach auf diese E-Mail.',
  yourOrder: 'deine Bestellung',
  trialSubject: 'Dein Probezeitraum: {product} (Bestellung {order})',
  trialUntil: 'Dein Probezeitraum für {product} läuft bis zum {date}. Die Seriennummer erhältst du per E-Mail mit der ersten Zahlung.',
  trialBegan: 'Dein Probezeitraum für {product} hat begonnen. Die Seriennummer erhältst du per E-Mail mit der ersten Zahlung.',
  movedSubject: 'Deine Lizenz für {product} wurde übertragen (Bestellung {order})',
  movedQuestions: 'Falls du das nicht veranlasst hast, antworte einfach; wir helfen dir.',
  heldSubject: 'Deine Bestellung {order} ist angekommen',
  held: 'vielen Dank für deine Bestellung {order}. Sie ist sicher gespeichert, aber für deine Seriennummer fehlt noch ein Schritt.',
  giveName: 'Gib den Namen an, für den die Seriennummer erstellt wird',
  lostSerial: 'Falls du die Seriennummer verlierst, schickt diese Seite sie dir wieder',
  heldForName: 'Die Seriennummer wird für einen Namen erstellt, und dieser Name fehlt uns noch. Bitte antworte mit dem Namen, wie du ihn in das Programm eingeben möchtest.',
  heldForCheck: 'Wir prüfen deine Bestellung zuerst persönlich. Danach erhältst du deine Seriennummer in einer eigenen E-Mail; du musst nichts weiter tun.',
};
