/** The Lambda that runs third-party programs. Its role allows nothing, not even a log. */
import type { Output } from './core/serial/program.ts';
import { programs } from './generator/programs.ts';
import { compile, runTwice } from './generator/run.mjs';

/** Compiled at the first order of each product. */
const modules = new Map<string, ReturnType<typeof compile>>();

/** @param event `input` is in base64. A program that does not end is ended by the timeout of the Lambda. */
export async function handler(event: { readonly product: string; readonly input: string }): Promise<Output> {
  const program = Object.hasOwn(programs, event.product) ? programs[event.product] : undefined;
  if (!program) return { fault: 'it is not deployed; run `npx cdk deploy`' };
  try {
    const module = modules.get(event.product) ?? compile(program);
    modules.set(event.product, module);
    return runTwice(module, Buffer.from(event.input, 'base64'));
  } catch {
    return { fault: 'it is not a valid module' };
  }
}
