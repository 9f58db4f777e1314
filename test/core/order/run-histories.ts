import { history } from './histories.ts';
const [seed = 1, count = 1000] = process.argv.slice(2).map(Number);
const t = Date.now();
const errors = new Map<string, number[]>();
for (let i = 0; i < count; i++) try { history(seed * 1e6 + i); } catch (e) { const m = e instanceof Error ? e.message + (e.constructor.name==='Violation'?'':e.stack) : ''; errors.set(m, [...(errors.get(m) ?? []), seed*1e6+i]); }
console.log(Date.now() - t, 'ms', [...errors].map(([m, l]) => `${l.length}x ${m} e.g. ${l[0]}`).join('\n'));
