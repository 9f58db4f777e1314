/** https://developer.fastspring.com/reference/get-unprocessed-events: the events of the notifications, 25 a page. */
import { apiJson, bodiesOf, callOf, type FakeOrders } from '../simulator.ts';

const SIZE = 25;

/** FastSpring counts half of the orders as answered. */
export const fastspringOrders: FakeOrders = (sold, request) => {
  const { pathname, searchParams } = callOf(request);
  const isProcessed = pathname === '/events/processed';
  const all = bodiesOf(sold)
    .flatMap(({ paid, refunded }) => [...paid.events, ...(refunded?.events ?? [])])
    .map((event, at) => ({ ...event, created: START + at, processed: at % 2 === 0 }))
    .filter(
      ({ created, processed }) => processed === isProcessed && created >= Number(searchParams.get('begin')),
    );
  return apiJson(200, { events: all.slice(0, SIZE), more: all.length > SIZE });
};

const START = Date.parse('2027-01-01');
