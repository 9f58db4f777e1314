import type { Words } from '../words.ts';

export const fr: Words = {
  lost: 'Vos numéros de série',
  lostHow:
    'Saisissez l’adresse utilisée pour l’achat. Un e-mail avec tous les numéros de série de cette adresse y est envoyé.',
  address: 'Adresse e-mail',
  printed:
    'Numéro de commande du reçu ; seulement si vous ne pouvez plus lire les e-mails à l’adresse de l’achat',
  send: 'Envoyer',
  badAddress: 'Ce n’est pas une adresse e-mail. Saisissez une adresse comme nom@example.com.',
  sent: 'Consultez votre messagerie',
  sentHow: 'S’il existe des numéros de série pour cette adresse, un e-mail arrive dans les 5 minutes.',
  sentHelp:
    'Si aucun e-mail n’arrive, regardez dans le dossier des indésirables, ou essayez une autre adresse avec laquelle vous avez pu acheter. Si vous n’y avez plus accès, ajoutez le numéro de commande de votre reçu ; {seller} examine alors votre demande.',
  noPage: 'Cette page n’existe pas',
  badLink: 'Ce lien est incomplet ou ne vient pas de nous. Copiez-le en entier depuis l’e-mail.',
  overLink: 'Ce lien a expiré',
  again: 'M’envoyer un nouveau lien',
  licences: 'Les numéros de série de {address}',
  show: 'Afficher mes numéros de série',
  correct: 'Corriger le nom',
  correctHow:
    'Pour les fautes de frappe, deux fois au plus. Tout autre nom est transmis à {seller} comme demande.',
  licence: 'Licence',
  newName: 'Nouveau nom',
  code: 'Code de l’e-mail qui contient ce lien',
  save: 'Enregistrer',
  badCode:
    'Le code est faux, ou l’a été trop souvent. Saisissez les 8 caractères de l’e-mail qui contient ce lien.',
  corrected:
    'Le numéro de série est créé pour le nouveau nom et vous est envoyé par e-mail. Il remplace l’ancien.',
  sameName: 'Le numéro de série est déjà à ce nom.',
  held: '{seller} examine votre demande. Vous recevez un e-mail.',
  move: 'Changer d’adresse e-mail',
  moveHow:
    'Les deux adresses reçoivent un e-mail. Le changement a lieu après 24 heures, sauf si l’ancienne adresse l’arrête.',
  newAddress: 'Nouvelle adresse e-mail',
  kept: 'Ce que nous conservons sur vous',
  erase: 'Effacer mes données',
  eraseHow: '{seller} décide, car la loi peut imposer de conserver les commandes.',
  eraseAsk: 'Demander l’effacement',
  stop: 'Arrêter le changement de votre adresse e-mail',
  stopped: 'L’adresse e-mail reste inchangée.',
  nameFor: 'Le nom de votre licence',
  nameHow:
    'Le numéro de série de {products} est créé pour un nom. Saisissez-le comme vous voulez le taper dans l’application.',
  named: 'Merci. Le numéro de série vous est envoyé par e-mail.',
  hasName: 'Cette commande a déjà son nom.',
  noName: 'Saisissez un nom.',
  badName: 'L’application ne peut pas représenter ce nom.',
  longName: 'Ce nom est trop long pour l’application. Saisissez-en un plus court.',
  near: 'Cette orthographe est possible : {name}',
  order: 'Votre commande',
  orderWait:
    'Le numéro de série n’existe pas encore. Réessayez dans une minute ; il vous est aussi envoyé par e-mail.',
  orderOver:
    'Cette page montre un numéro de série pendant une heure après le paiement. Il se trouve aussi dans l’e-mail reçu.',
  mailedTo: 'Un e-mail avec le numéro de série est envoyé à {address}.',
  claim: 'Utiliser un code',
  claimCode: 'Code',
  claimName: 'Nom de la licence, comme vous voulez le taper dans l’application',
  claimButton: 'Obtenir le numéro de série',
  unknownCode: 'Ce code n’existe pas. Vérifiez qu’il ne contient pas de faute de frappe.',
  usedCode: 'Une autre personne a utilisé ce code.',
  revokedCode: 'Ce code n’est plus valable.',
  stoppedCode: 'Les codes de cette liste ne sont plus acceptés.',
  expiredCode: 'Ce code était valable jusqu’au {until}.',
  otherCode: 'Ce code est pour {products}.',
  busy: 'Il y a eu trop d’essais. Réessayez dans une heure.',
  failed: 'Le numéro de série ne peut pas être créé pour le moment. {seller} peut vous aider.',
  mailSerials: 'Vos numéros de série de {seller}',
  mailLink:
    'Sur cette page, vous pouvez corriger le nom ou changer d’adresse. Le lien et le code sont valables 30 minutes :',
  mailCode: 'Code',
  mailIgnore: 'Si vous n’avez pas demandé cet e-mail, ignorez-le. Rien ne change.',
  mailMove: 'Votre adresse e-mail va changer',
  mailMoveHow:
    'Dans 24 heures, vos licences de {seller} passent de {from} à {to}. Pour l’empêcher, ouvrez cette page :',
  mailTold:
    'Dans 24 heures, des licences de {seller} passent à cette adresse. Leurs numéros de série arrivent alors dans un autre e-mail.',
  mailHeld: 'Nous avons votre demande',
  mailAnswered: 'Votre demande',
  mailAnsweredHow: '{seller} a traité votre demande. S’il manque quelque chose, répondez simplement.',
};
