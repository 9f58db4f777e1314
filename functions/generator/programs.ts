/** The programs of the catalogue, by product. `lib/build/bundle.ts` writes their bytes into the bundle of `generate`. */
export const programs: Readonly<Record<string, Uint8Array>> = {};
