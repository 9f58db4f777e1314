/** What a mistyped mail address was most likely meant to be: a hint for a person, never acted upon. */

/** Where most buyers have their mailbox, the largest first; also each that is a slip away from another, as `mail.com`. */
const DOMAINS = [
  ...['gmail.com', 'outlook.com', 'hotmail.com', 'yahoo.com', 'icloud.com', 'aol.com', 'live.com', 'msn.com'],
  ...['me.com', 'mac.com', 'mail.com', 'email.com', 'ymail.com', 'googlemail.com', 'proton.me', 'pm.me'],
  ...[
    'protonmail.com',
    'fastmail.com',
    'zoho.com',
    'hey.com',
    'gmx.com',
    'gmx.net',
    'gmx.de',
    'gmx.at',
    'gmx.ch',
  ],
  ...[
    'web.de',
    't-online.de',
    'freenet.de',
    'posteo.de',
    'mailbox.org',
    'bluewin.ch',
    'yahoo.de',
    'hotmail.de',
  ],
  ...['outlook.de', 'live.de', 'hotmail.co.uk', 'yahoo.co.uk', 'live.co.uk', 'btinternet.com', 'sky.com'],
  ...['orange.fr', 'free.fr', 'sfr.fr', 'laposte.net', 'wanadoo.fr', 'hotmail.fr', 'yahoo.fr', 'outlook.fr'],
  ...['live.fr', 'libero.it', 'hotmail.it', 'yahoo.it', 'hotmail.es', 'yahoo.es', 'live.nl', 'ziggo.nl'],
  ...[
    'telenet.be',
    'seznam.cz',
    'wp.pl',
    'o2.pl',
    'mail.ru',
    'yandex.ru',
    'yandex.com',
    'comcast.net',
    'att.net',
  ],
  ...[
    'verizon.net',
    'sbcglobal.net',
    'cox.net',
    'shaw.ca',
    'rogers.com',
    'bigpond.com',
    'uol.com.br',
    'bol.com.br',
  ],
  ...[
    'qq.com',
    '163.com',
    '126.com',
    'naver.com',
    'yahoo.co.jp',
    'docomo.ne.jp',
    'rediffmail.com',
    'yahoo.co.in',
  ],
];

/** The same mailbox at the nearest large domain, or null where none is near, or it is one already. */
export function likelyAddress(address: string | undefined): string | null {
  const [, local, typed = ''] = /^\s*(\S+)@([^@\s]+?)\.?\s*$/.exec(address ?? '') ?? [];
  const domain = typed.toLowerCase();
  if (!local || DOMAINS.includes(domain)) return null;
  const near = DOMAINS.map((meant) => ({ meant, slips: slips(domain, meant) })).filter(
    ({ meant, slips }) => slips <= (meant.length < LONG ? 1 : 2),
  );
  const nearest = near.find(({ slips }) => near.every((other) => slips <= other.slips));
  return nearest ? `${local}@${nearest.meant}` : null;
}

const LONG = 10;

/** Letters put in, left out, mistaken or swapped with the next: the distance of Damerau and Levenshtein, restricted. */
function slips(one: string, other: string): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      const swapped = one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
      next[column] = Math.min(
        (last[column] ?? 0) + 1,
        (next[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (before[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    before = last;
    last = next;
  }
  return last[other.length] ?? 0;
}
