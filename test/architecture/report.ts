import * as rules from './rules.ts';
import { commentsIn, sourcesIn } from './sources.ts';

const sources = sourcesIn('functions', 'bin', 'lib', 'local');
console.log([...sources.values()].flatMap(commentsIn).length, 'comments');
for (const [name, rule] of Object.entries(rules)) {
  const found = rule(sources);
  console.log(`\n## ${name}: ${found.length}`);
  for (const line of found.slice(0, process.argv[2] === 'all' ? undefined : 12)) console.log('  ', line);
}
