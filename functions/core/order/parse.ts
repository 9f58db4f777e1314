/**
 * Checks what the table holds. By hand, since the webhook reads an item before it has loaded zod. Each parser throws an
 * ItemError that names the field, never its value.
 */

/** An item that this version cannot read. The message has its key and kind, and no personal data. */
export class ItemError extends Error {
  override readonly name = 'ItemError';
}

export type Fields = Readonly<Record<string, unknown>>;
export type Parser<Value> = (value: unknown, name: string) => Value;
type Shape = Readonly<Record<string, Parser<unknown>>>;
/** A field that may be undefined may be missing. */
type Parsed<Of extends Shape> = {
  readonly [Name in keyof Of as undefined extends ReturnType<Of[Name]> ? never : Name]: ReturnType<Of[Name]>;
} & {
  readonly [Name in keyof Of as undefined extends ReturnType<Of[Name]> ? Name : never]?: ReturnType<Of[Name]>;
};

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function wrong(name: string, expected: string): never {
  throw new ItemError(`${name}: expected ${expected}`);
}

export const fields: Parser<Fields> = (value, name) => (isFields(value) ? value : wrong(name, 'a map'));
export const text: Parser<string> = (value, name) =>
  typeof value === 'string' ? value : wrong(name, 'a string');
export const count: Parser<number> = (value, name) =>
  typeof value === 'number' ? value : wrong(name, 'a number');
export const flag: Parser<boolean> = (value, name) =>
  typeof value === 'boolean' ? value : wrong(name, 'true or false');
export const bytes: Parser<Uint8Array> = (value, name) =>
  value instanceof Uint8Array ? value : wrong(name, 'bytes');

export const maybe =
  <Value>(parse: Parser<Value>): Parser<Value | undefined> =>
  (value, name) =>
    value === undefined ? undefined : parse(value, name);

export const orNull =
  <Value>(parse: Parser<Value>): Parser<Value | null> =>
  (value, name) =>
    value === undefined || value === null ? null : parse(value, name);

/** Lists that are empty are left out. */
export const list =
  <Value>(parse: (value: unknown, name: string, at: number) => Value): Parser<readonly Value[]> =>
  (value = [], name) =>
    Array.isArray(value) ? value.map((one, at) => parse(one, `${name}.${at}`, at)) : wrong(name, 'a list');

export const oneOf =
  <Value>(values: readonly Value[]): Parser<Value> =>
  (value, name) =>
    values.find((one) => one === value) ?? wrong(name, `one of ${values.join(', ')}`);

/** The name of an entry of the table. */
export const nameIn =
  <Table extends object>(table: Table): Parser<keyof Table> =>
  (value, name) =>
    hasName(table, value) ? value : wrong(name, `one of ${Object.keys(table).join(', ')}`);

const hasName = <Table extends object>(table: Table, name: unknown): name is keyof Table =>
  typeof name === 'string' && Object.hasOwn(table, name);

export const is = <const Value>(value: Value): Parser<Value> => oneOf([value]);

export const mapOf =
  <Value>(parse: Parser<Value>): Parser<Readonly<Record<string, Value>>> =>
  (value = {}, name) =>
    Object.fromEntries(
      Object.entries(fields(value, name)).map(([key, one]) => [key, parse(one, `${name}.${key}`)]),
    );

/** A map with these fields; others are left out. */
export const record = <Of extends Shape>(shape: Of): Parser<Parsed<Of>> => {
  const parsers = Object.entries(shape);
  return (value, name) => {
    const found = fields(value, name);
    const entries: unknown[][] = parsers.map(([field, parse]) => [
      field,
      parse(found[field], `${name}.${field}`),
    ]);
    return Object.fromEntries(entries);
  };
};

/** A default that is left out when it is stored. */
export const or =
  <Value>(parse: Parser<Value>, standard: Value): Parser<Value> =>
  (value, name) =>
    value === undefined ? standard : parse(value, name);
