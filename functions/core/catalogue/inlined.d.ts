/** `#catalogue` in a Lambda: lib/build/inline-catalogue.ts replaces it by the checked catalogue. */
import type { Catalogue } from './catalogue.ts';

declare const catalogue: Catalogue;
export default catalogue;
