/**
 * Numbered texts in which a part is found fast. Those of a block are one string: 100,000 strings of their own are spread over the
 * memory, which takes ten times as long to read.
 */
const SIZE = 1_000;
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
        let number = at * SIZE;
        let start = 0;
        for (let found = text.indexOf(wanted); found !== -1; found = text.indexOf(wanted, start)) {
          let end = text.indexOf(END, start);
          while (end !== -1 && end < found) {
            number += 1;
            end = text.indexOf(END, end + 1);
          }
          marks[number] = 1;
          if (end === -1) break;
          number += 1;
          start = end + 1;
        }
      }
    },
  };
}
