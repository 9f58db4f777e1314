/** `module` is a WebAssembly.Module, for which @types/node has no type. */
export function runTwice(
  module: unknown,
  input: Uint8Array,
): { readonly output: string; readonly fault?: undefined } | { readonly fault: string };

/** Throws if the bytes are not a valid module. */
export function compile(program: Uint8Array): unknown;
