/** Combinations that make no sense do not compile. */
import { expectTypeOf, test } from 'vitest';
import type {
  Alias,
  Issued,
  Item,
  KeyChange,
  Line,
  LineFacts,
  Order,
  Send,
  SendFacts,
  Unreadable,
} from '../../../functions/core/order/types.ts';

type With<State> = LineFacts & State;
type Sent<State> = SendFacts & State;

test('a line has what its state needs, and nothing of another state', () => {
  expectTypeOf<With<{ state: 'issued'; product: string; issued: Issued; superseded: [] }>>().toExtend<Line>();
  expectTypeOf<With<{ state: 'issued'; product: string; superseded: [] }>>().not.toExtend<Line>();
  expectTypeOf<
    With<{ state: 'issued'; product: null; issued: Issued; superseded: [] }>
  >().not.toExtend<Line>();
  expectTypeOf<With<{ state: 'held'; product: null; reason: 'no_name' }>>().toExtend<Line>();
  expectTypeOf<With<{ state: 'held'; product: null }>>().not.toExtend<Line>();
  expectTypeOf<With<{ state: 'held'; product: null; reason: 'tired' }>>().not.toExtend<Line>();
  expectTypeOf<
    With<{ state: 'to_make'; product: string; licensee: string; tries: 0 }>
  >().not.toExtend<Line>();
  expectTypeOf<With<{ state: 'paid'; product: string }>>().not.toExtend<Line>();
  expectTypeOf<Extract<Line, { state: 'erased' }>>().not.toHaveProperty('issued');
  expectTypeOf<Extract<Line, { state: 'pending' }>>().not.toHaveProperty('issued');
});

test('a send has what its state needs, and nothing of another state', () => {
  expectTypeOf<Sent<{ state: 'accepted'; at: string; delivery: 'none' }>>().toExtend<Send>();
  expectTypeOf<Sent<{ state: 'accepted'; at: string }>>().not.toExtend<Send>();
  expectTypeOf<Sent<{ state: 'accepted'; at: string; delivery: 'lost' }>>().not.toExtend<Send>();
  expectTypeOf<Sent<{ state: 'in_flight' }>>().not.toExtend<Send>();
  expectTypeOf<Sent<{ state: 'unknown'; until: string }>>().not.toExtend<Send>();
  expectTypeOf<Sent<{ state: 'in_flight'; until: string; dismissed: false }>>().not.toExtend<Send>();
  expectTypeOf<Extract<Send, { state: 'waiting' }>>().not.toHaveProperty('delivery');
  expectTypeOf<Extract<Send, { state: 'accepted' }>>().not.toHaveProperty('until');
  expectTypeOf<Extract<Send, { state: 'refused' }>>().not.toHaveProperty('until');
});

test('an order has no field for a derived value', () => {
  expectTypeOf<Order>().not.toHaveProperty('status');
  expectTypeOf<Order>().not.toHaveProperty('dueAt');
  expectTypeOf<Order>().not.toHaveProperty('mail');
});

test('each kind of item is its own type', () => {
  expectTypeOf<Item['kind']>().toEqualTypeOf<
    'order' | 'alias' | 'unreadable' | 'keyChange' | 'lease' | 'notice' | 'batch' | 'request' | 'cursor'
  >();
  expectTypeOf<Alias>().not.toHaveProperty('lines');
  expectTypeOf<KeyChange>().not.toExtend<Order>();
  expectTypeOf<Unreadable>().not.toExtend<Order>();
  expectTypeOf<Extract<Unreadable, { state: 'closed' }>>().not.toHaveProperty('raw');
});
