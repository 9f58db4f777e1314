/** Works on as many as `most` at once, and answers in the order in which they came. */
export async function* inOrder<One, Answer>(
  source: AsyncIterable<One>,
  most: number,
  work: (one: One) => Promise<Answer>,
): AsyncGenerator<Answer> {
  const running: Promise<Answer>[] = [];
  for await (const one of source) {
    const answer = work(one);
    // Heard where its turn comes; until then nobody listens.
    answer.catch(() => undefined);
    running.push(answer);
    const first = running.length < most ? undefined : running.shift();
    if (first) yield await first;
  }
  for (const answer of running) yield await answer;
}
