/** Suggests the address that a mistyped one was probably meant to be: a hint for a person, never used automatically. */

/** Large mail domains, the largest first, and domains that differ from one of these by a single letter, such as `mail.com`. */
const DOMAINS = `
  gmail.com outlook.com hotmail.com yahoo.com icloud.com aol.com live.com msn.com me.com mac.com mail.com
  email.com ymail.com googlemail.com proton.me pm.me protonmail.com fastmail.com zoho.com hey.com gmx.com
  gmx.net gmx.de gmx.at gmx.ch web.de t-online.de freenet.de posteo.de mailbox.org bluewin.ch yahoo.de
  hotmail.de outlook.de live.de hotmail.co.uk yahoo.co.uk live.co.uk btinternet.com sky.com orange.fr
  free.fr sfr.fr laposte.net wanadoo.fr hotmail.fr yahoo.fr outlook.fr live.fr libero.it hotmail.it yahoo.it
  hotmail.es yahoo.es live.nl ziggo.nl telenet.be seznam.cz wp.pl o2.pl mail.ru yandex.ru yandex.com
  comcast.net att.net verizon.net sbcglobal.net cox.net shaw.ca rogers.com bigpond.com uol.com.br bol.com.br
  qq.com 163.com 126.com naver.com yahoo.co.jp docomo.ne.jp rediffmail.com yahoo.co.in
`
  .trim()
  .split(/\s+/);

/** Returns the same mailbox at the most similar large domain; null if none is similar or the domain is one of them. */
export function likelyAddress(address: string | undefined): string | null {
  const [, local, typed = ''] = /^\s*(\S+)@([^@\s]+?)\.?\s*$/.exec(address ?? '') ?? [];
  const domain = typed.toLowerCase();
  if (!local || DOMAINS.includes(domain)) return null;
  const near = DOMAINS.map((meant) => ({ meant, slips: distance(domain, meant) })).filter(
    ({ meant, slips }) => slips <= (meant.length < LONG ? 1 : 2),
  );
  const nearest = near.find(({ slips }) => near.every((other) => slips <= other.slips));
  return nearest ? `${local}@${nearest.meant}` : null;
}

const LONG = 10;

/** Optimal string alignment distance: insertions, deletions, substitutions and, by default, swaps of adjacent letters. */
export function distance(one: ArrayLike<string>, other: ArrayLike<string>, withSwaps = true): number {
  let before: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      const swapped = withSwaps && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1];
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
