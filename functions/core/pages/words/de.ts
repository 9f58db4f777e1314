import type { Words } from '../words.ts';

export const de: Words = {
  lost: 'Ihre Seriennummern',
  lostHow:
    'Geben Sie die Adresse ein, mit der Sie gekauft haben. Alle Seriennummern dieser Adresse gehen per Mail dorthin.',
  address: 'Mailadresse',
  printed:
    'Bestellnummer auf der Quittung; nur, wenn Sie an der Adresse des Kaufs keine Mails mehr lesen können',
  send: 'Senden',
  badAddress: 'Das ist keine Mailadresse. Geben Sie eine wie name@example.com ein.',
  sent: 'Sehen Sie in Ihr Postfach',
  sentHow:
    'Wenn es zu dieser Adresse Seriennummern gibt, kommt innerhalb von 5 Minuten eine Mail mit ihnen an.',
  sentHelp:
    'Wenn keine Mail kommt, sehen Sie im Spam-Ordner nach, oder versuchen Sie eine andere Adresse, mit der Sie gekauft haben könnten. Wenn Sie dort keine Mails mehr lesen können, geben Sie auch die Bestellnummer Ihrer Quittung an; {seller} sieht sich Ihre Anfrage dann an.',
  noPage: 'Diese Seite gibt es nicht',
  badLink: 'Dieser Link ist unvollständig oder nicht von uns. Kopieren Sie ihn ganz aus der Mail.',
  overLink: 'Dieser Link ist abgelaufen',
  again: 'Neuen Link senden',
  licences: 'Die Seriennummern zu {address}',
  show: 'Seriennummern anzeigen',
  correct: 'Namen berichtigen',
  correctHow: 'Für Tippfehler, höchstens zweimal. Jeder andere Name geht als Anfrage an {seller}.',
  licence: 'Lizenz',
  newName: 'Neuer Name',
  code: 'Code aus der Mail mit diesem Link',
  save: 'Speichern',
  badCode:
    'Der Code ist falsch oder war zu oft falsch. Geben Sie die 8 Zeichen aus der Mail mit diesem Link ein.',
  corrected:
    'Die Seriennummer ist für den neuen Namen erstellt und per Mail unterwegs. Sie ersetzt die alte.',
  sameName: 'Die Seriennummer ist schon auf diesen Namen ausgestellt.',
  held: '{seller} sieht sich Ihre Anfrage an. Sie bekommen eine Mail.',
  move: 'Mailadresse ändern',
  moveHow:
    'Beide Adressen bekommen eine Mail. Die Änderung gilt nach 24 Stunden, wenn die alte Adresse sie nicht stoppt.',
  newAddress: 'Neue Mailadresse',
  kept: 'Was wir über Sie speichern',
  erase: 'Meine Daten löschen',
  eraseHow: '{seller} entscheidet darüber, denn Bestellungen müssen oft gesetzlich aufbewahrt werden.',
  eraseAsk: 'Löschung beantragen',
  stop: 'Änderung Ihrer Mailadresse stoppen',
  stopped: 'Die Mailadresse bleibt, wie sie ist.',
  nameFor: 'Der Name für Ihre Lizenz',
  nameHow:
    'Die Seriennummer für {products} wird für einen Namen erstellt. Geben Sie ihn so ein, wie Sie ihn in der App eintippen wollen.',
  named: 'Danke. Die Seriennummer ist per Mail zu Ihnen unterwegs.',
  hasName: 'Diese Bestellung hat ihren Namen schon.',
  noName: 'Geben Sie einen Namen ein.',
  badName: 'Die App kann diesen Namen nicht darstellen.',
  longName: 'Dieser Name ist zu lang für die App. Geben Sie einen kürzeren ein.',
  near: 'Diese Schreibweise ist möglich: {name}',
  order: 'Ihre Bestellung',
  orderWait:
    'Die Seriennummer gibt es noch nicht. Versuchen Sie es in einer Minute wieder; sie kommt auch per Mail.',
  orderOver:
    'Diese Seite zeigt eine Seriennummer bis zu einer Stunde nach der Zahlung. Sie steht auch in der Mail an Ihre Adresse.',
  mailedTo: 'Eine Mail mit der Seriennummer geht an {address}.',
  claim: 'Code einlösen',
  claimCode: 'Code',
  claimName: 'Name für die Lizenz, wie Sie ihn in der App eintippen wollen',
  claimButton: 'Seriennummer holen',
  unknownCode: 'Diesen Code gibt es nicht. Prüfen Sie ihn auf Tippfehler.',
  usedCode: 'Jemand anderes hat diesen Code eingelöst.',
  revokedCode: 'Dieser Code gilt nicht mehr.',
  stoppedCode: 'Die Codes dieser Liste werden nicht mehr eingelöst.',
  expiredCode: 'Dieser Code war bis {until} gültig.',
  otherCode: 'Dieser Code ist für {products}.',
  busy: 'Das waren zu viele Versuche. Versuchen Sie es in einer Stunde wieder.',
  failed: 'Die Seriennummer kann im Moment nicht erstellt werden. {seller} hilft Ihnen.',
  mailSerials: 'Ihre Seriennummern von {seller}',
  mailLink:
    'Auf dieser Seite können Sie den Namen berichtigen oder Ihre Adresse ändern. Link und Code gelten 30 Minuten:',
  mailCode: 'Code',
  mailIgnore:
    'Wenn Sie diese Mail nicht angefordert haben, brauchen Sie nichts zu tun. Es ändert sich nichts.',
  mailMove: 'Ihre Mailadresse wird geändert',
  mailMoveHow:
    'In 24 Stunden gehen Ihre Lizenzen von {seller} von {from} auf {to} über. Auf dieser Seite können Sie das stoppen:',
  mailTold:
    'In 24 Stunden gehen Lizenzen von {seller} auf diese Adresse über. Die Seriennummern kommen dann in einer weiteren Mail.',
  mailHeld: 'Wir haben Ihre Anfrage',
  mailAnswered: 'Ihre Anfrage',
  mailAnsweredHow: '{seller} hat Ihre Anfrage bearbeitet. Wenn etwas fehlt, antworten Sie einfach.',
};
