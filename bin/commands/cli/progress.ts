/** The stream of a terminal, or a stand-in for it. */
interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const WIDTH = 40;

/** Runs all steps. A terminal shows a progress bar, which disappears at the end. */
export const withBar = <Result>(
  steps: Generator<{ readonly tried: number; readonly of: number }, Result>,
  screen: Screen,
): Promise<Result> =>
  withBarOf(async (show) => {
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      show(step.value.tried / step.value.of);
    }
  }, screen);

/** Same for asynchronous work, which reports the part that is done, between 0 and 1. */
export async function withBarOf<Result>(
  work: (show: (part: number) => void) => Promise<Result>,
  screen: Screen,
): Promise<Result> {
  let shown = '';
  const show = (part: number) => {
    const next = bar(part);
    if (screen.isTTY && next !== shown) screen.write(`\r${next}`);
    shown = next;
  };
  try {
    return await work(show);
  } finally {
    if (screen.isTTY) screen.write('\r\u001b[K');
  }
}

const bar = (part: number): string =>
  `[${'='.repeat(Math.round(part * WIDTH)).padEnd(WIDTH)}] ${Math.round(part * 100)} %`;
