/** Numbered texts, of which a hundred are one string: reading 100,000 strings of their own takes ten times as long. */
const SIZE = 100;
const END = '\0';

export function textBlocks() {
  /** A block in which a text has changed is a list until the next search. */
  const blocks: (string | string[])[] = [];

  return {
    set(number: number, text: string): void {
      const at = Math.floor(number / SIZE);
      const block = blocks[at] ?? [];
      const texts = typeof block === 'string' ? block.split(END) : block;
      texts[number % SIZE] = text;
      blocks[at] = texts;
    },
    /** Sets the mark of each text that contains the wanted one. */
    mark(wanted: string, marks: Uint8Array): void {
      for (const [at, block] of blocks.entries()) {
        const text = typeof block === 'string' ? block : block.join(END);
        blocks[at] = text;
        if (!text.includes(wanted)) continue;
        for (const [n, one] of text.split(END).entries()) if (one.includes(wanted)) marks[at * SIZE + n] = 1;
      }
    },
  };
}
