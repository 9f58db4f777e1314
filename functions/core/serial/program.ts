/** The input and the answer of a third-party program: `kind: 'program'`. The sandbox is functions/generator. */
import type { Charset } from './charset.ts';
import { encode } from './charset.ts';

/** The program's standard input has a line for each, in this order. */
export interface ProgramOrder {
  readonly name: string;
  /** The catalogue's name of the product. */
  readonly product: string;
  readonly order: string;
  readonly quantity: number;
  readonly address: string;
}

/** The output of a program, one character for each byte, or what is wrong with its run. */
export type Output = { readonly output: string; readonly fault?: undefined } | { readonly fault: string };

/** A seller's own function: it is pure, and returns the serial in at most 512 printable ASCII characters. */
export type MakeSerial = (order: ProgramOrder) => string;

/** Calls the function. Does not throw, and quotes no text of the function, which may contain the buyer's name. */
export function callFunction(make: MakeSerial, order: ProgramOrder): Output {
  try {
    const output: unknown = make(Object.freeze({ ...order }));
    return typeof output === 'string'
      ? { output }
      : { fault: `it returns a value of type ${typeof output} instead of text` };
  } catch (error) {
    return { fault: `it throws ${error instanceof Error ? error.name : 'an error'}` };
  }
}

/**
 * Runs the program of a product, for at most `ms`. `late`: it has not answered in time, or it cannot be reached. Does not
 * throw.
 */
export type Generate = (product: string, input: Uint8Array, ms?: number) => Promise<Output | 'late'>;

/** Returns undefined if the charset lacks a character. */
export function programInput(
  charset: Charset,
  { name, product, order, quantity, address }: ProgramOrder,
): Buffer | undefined {
  const lines = [name, product, order, String(quantity), address];
  return encode(charset, lines.map((line) => `${line.replace(/\p{Cc}/gu, ' ')}\n`).join(''));
}

/** Returns the serial in the output, or the fault: it has to be one line of printable ASCII without space around it. */
export function readOutput(result: Output): { readonly serial: string } | { readonly fault: string } {
  if (result.fault !== undefined) return result;
  const { output } = result;
  const serial = output.endsWith('\n') ? output.slice(0, -1) : output;
  if (/^(?! )[ -~]{1,512}(?<! )$/.test(serial)) return { serial };
  return {
    fault: `it writes ${describe(serial)} instead of one line of 1 to 512 printable ASCII characters`,
  };
}

function describe(text: string): string {
  if (text.trim() === '') return 'no text';
  if (text.includes('\n')) return 'several lines';
  if (text.length > 512) return `${text.length} characters`;
  return 'a character that is not printable ASCII, or space around the serial,';
}
