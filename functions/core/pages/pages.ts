/** The buyers' pages: finds the page of a request. GET and HEAD change nothing and show no serial. */
import { toMailbox } from '../mail/address.ts';
import { fill } from '../mail/sentences.ts';
import { claimPage } from './claim.ts';
import { alert, field, form, type PageAnswer, page, text } from './html.ts';
import { licencePage } from './licences.ts';
import { namePage, orderPage } from './order-pages.ts';
import { askForMail, type PageRequest, type Pages, type Visit } from './ports.ts';
import { chooseLanguage, wordsIn } from './words.ts';

/** The pages below `/licences` by the next part of the path; the further parts follow. */
const LICENCES = new Map<
  string | undefined,
  (visit: Visit, third: string, fourth: string) => PageAnswer | Promise<PageAnswer>
>([
  ['', lostPage],
  ['sent', sentPage],
  ['l', licencePage],
  ['name', namePage],
  ['order', orderPage],
]);

export async function answerPage(pages: Pages, request: PageRequest): Promise<PageAnswer> {
  const { method, isForeign } = request;
  const visit = await visitOf(pages, request);
  const { words, isPost } = visit;
  if (isPost && isForeign) return page(visit, words.noPage, [], { status: 403 });
  if (!isPost && method !== 'GET') return page(visit, words.noPage, [], { status: 405 });
  const [, first, second = '', third = '', fourth = '', ...rest] = request.path.split('/').map(decode);
  if (first === 'claim' && !second && pages.catalogue.pages?.codes) return claimPage(visit);
  const found = first === 'licences' && rest.length === 0 ? LICENCES.get(second) : undefined;
  if (found && (second === 'order' || !fourth)) return found(visit, third, fourth);
  return page(visit, words.noPage, [], { status: 404 });
}

async function visitOf(
  pages: Pages,
  { method, form, query, client, ...request }: PageRequest,
): Promise<Visit> {
  const { seller } = pages.catalogue;
  const language = chooseLanguage(`${request.language ?? ''},${seller.locale ?? 'en'};q=0.001`);
  const words = await wordsIn(seller, language);
  const isPost = method === 'POST';
  const value = (name: string) => (isPost ? form : query).get(name)?.trim() ?? '';
  return { ...pages, words, language, seller, client, isPost, value };
}

/** Asks for the serials of an address. The calls and the answer are the same for every address. */
async function lostPage(visit: Visit): Promise<PageAnswer> {
  const { words, isPost } = visit;
  const typed = isPost ? visit.value('address') : '';
  const address = toMailbox(typed);
  const printed = visit.value('printed').slice(0, 100);
  if (isPost && address)
    return askForMail(
      visit,
      printed ? { about: 'recover_other_address', address, printed } : { about: 'lost', address },
    );
  const fields = [
    field('address', words.address, { type: 'email', autocomplete: 'email', value: typed }),
    field('printed', words.printed, { optional: true }),
  ];
  const why = isPost ? [alert(words.badAddress)] : [];
  return page(visit, words.lost, [...why, text(words.lostHow), form(fields, words.send)], {
    status: isPost ? 400 : 200,
  });
}

function sentPage(visit: Visit): PageAnswer {
  const { words, seller } = visit;
  return page(visit, words.sent, [text(words.sentHow), text(fill(words.sentHelp, { seller: seller.name }))]);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
