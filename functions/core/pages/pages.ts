/** The buyers' pages: finds the page of a request. GET and HEAD change nothing and show no serial. */
import { toMailbox } from '../mail/address.ts';
import { fill } from '../mail/sentences.ts';
import { claimPage } from './claim.ts';
import { alert, field, form, type PageAnswer, page, type Reader, text } from './html.ts';
import { licencePage } from './licences.ts';
import { namePage, orderPage } from './order-pages.ts';
import { askFor, type PageRequest, type Pages } from './ports.ts';
import { chooseLanguage, wordsIn } from './words.ts';

export async function answerPage(pages: Pages, request: PageRequest): Promise<PageAnswer> {
  const { seller } = pages.catalogue;
  const language = chooseLanguage(`${request.language ?? ''},${seller.locale ?? 'en'};q=0.001`);
  const reader: Reader = {
    words: await wordsIn(seller, language),
    language,
    seller,
  };
  const [, first = '', second = '', ...rest] = request.path.split('/').map(decode);
  const isAllowed = request.method === 'GET' || (request.method === 'POST' && !request.isForeign);
  if (!isAllowed)
    return page(reader, reader.words.noPage, [], { status: request.method === 'POST' ? 403 : 405 });
  const [third = ''] = rest;
  if (first === 'claim' && !second && pages.catalogue.pages?.codes) return claimPage(pages, reader, request);
  if (first === 'licences' && rest.length <= (second === 'order' ? 2 : 1))
    switch (second) {
      case '':
        return lostPage(pages, reader, request);
      case 'sent':
        return sentPage(reader);
      case 'l':
        return licencePage(pages, reader, request, third);
      case 'name':
        return namePage(pages, reader, request, third);
      case 'order':
        return orderPage(pages, reader, request, [third, rest[1] ?? '']);
    }
  return page(reader, reader.words.noPage, [], { status: 404 });
}

/** Asks for the serials of an address. The calls and the answer are the same for every address. */
async function lostPage(pages: Pages, reader: Reader, request: PageRequest): Promise<PageAnswer> {
  const { words } = reader;
  const typed = request.form.get('address') ?? '';
  const address = toMailbox(typed);
  const isPost = request.method === 'POST';
  if (isPost && address) {
    const printed = request.form.get('printed')?.trim().slice(0, 100);
    const about = printed
      ? ({ about: 'recover_other_address', printed } as const)
      : ({ about: 'lost' } as const);
    await askFor(pages, request.client, { ...about, address, locale: reader.language });
    return page(reader, words.sent, [], { status: 303, location: '/licences/sent' });
  }
  return page(
    reader,
    words.lost,
    [
      ...(isPost ? [alert(words.badAddress)] : []),
      text(words.lostHow),
      form(
        [
          field('address', words.address, { type: 'email', autocomplete: 'email', value: typed }),
          field('printed', words.printed, { optional: true }),
        ],
        words.send,
      ),
    ],
    { status: isPost ? 400 : 200 },
  );
}

const sentPage = (reader: Reader): PageAnswer => {
  const { words, seller } = reader;
  return page(reader, words.sent, [text(words.sentHow), text(fill(words.sentHelp, { seller: seller.name }))]);
};

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}
