/**
 * `npm run mutants`, second part: makes faulty versions of the core with ten operators, one change at a time, and runs the
 * core's tests on each in a copy of the project. It prints the changes that no test noticed. docs/reliability.md explains them.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript-5';
import { randomOf } from './simulation/world/random.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    /** Only the mutants of the files whose path contains this. */
    only: { type: 'string', default: '' },
  },
});

const FOLDERS = ['functions/core/order', 'functions/core/mail', 'functions/core/inbound'];
const vitest = (folder: string, ...files: readonly string[]) => [
  ...['node_modules/vitest/vitest.mjs', 'run', '--bail=1', '--maxWorkers=1'],
  ...files.map((file) => `test/${folder}/${file}`),
];
/** The quick tests come first. */
const CHECKS = [
  vitest('core', 'order', 'inbound', 'mail/deliver', 'mail/message', 'mail/seller', 'mail/rejudge'),
  vitest('core', 'mail', 'operator', 'fulfil', 'faults'),
  vitest('generator', 'orders'),
  vitest('bin', 'mail.test.ts'),
  vitest('providers', 'every-provider', 'mutations', 'order-mails', 'subscriptions'),
  ['--import', 'tsx', 'test/simulation/run.ts', '--orders', '2000'],
];

interface Mutant {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly what: string;
}

const OTHER: Readonly<Record<string, string>> = {
  '&&': '||',
  '||': '&&',
  '===': '!==',
  '!==': '===',
  '<': '<=',
  '<=': '<',
  '>': '>=',
  '>=': '>',
  '+': '-',
  '-': '+',
  '*': '/',
  '/': '*',
};
const OTHER_CALL: Readonly<Record<string, string>> = {
  some: 'every',
  every: 'some',
  max: 'min',
  min: 'max',
  find: 'findLast',
};
const DROPPED_CALLS = ['filter', 'sort', 'trim', 'toLowerCase', 'reverse'];

/** Returns the changes of a node: what an operator does to it, and the text that replaces it. */
function changesOf(node: ts.Node): readonly (readonly [what: string, node: ts.Node, text: string])[] {
  if (ts.isIfStatement(node))
    return [['the condition is negated', node.expression, `!(${node.expression.getText()})`]];
  if (ts.isConditionalExpression(node))
    return [['the condition is negated', node.condition, `!(${node.condition.getText()})`]];
  if (ts.isBinaryExpression(node)) {
    const { left, right, operatorToken } = node;
    const sign = operatorToken.getText();
    const other = OTHER[sign];
    if (sign === '??') return [['the default is dropped', node, left.getText()]];
    // A sum of texts has no difference.
    const isText = sign === '+' && /['"`]/.test(node.getText());
    return other && !isText
      ? [[`${sign} becomes ${other}`, node, `(${left.getText()} ${other} ${right.getText()})`]]
      : [];
  }
  if (ts.isExpressionStatement(node) || ts.isThrowStatement(node))
    return [['the statement is dropped', node, ';']];
  if (ts.isSpreadAssignment(node) || ts.isSpreadElement(node))
    return [['what is spread is dropped', node, ts.isSpreadElement(node) ? '...[]' : '...{}']];
  if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword)
    return ts.isLiteralTypeNode(node.parent) ? [] : [['the truth is negated', node, `!${node.getText()}`]];
  if (ts.isNumericLiteral(node) && !ts.isLiteralTypeNode(node.parent))
    return [['the number is one more', node, `(${node.getText()} + 1)`]];
  if (ts.isAwaitExpression(node)) return [['nothing is awaited', node, node.expression.getText()]];
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) {
    const { name, expression } = node.expression;
    const other = OTHER_CALL[name.text];
    if (other) return [[`${name.text} becomes ${other}`, name, other]];
    if (DROPPED_CALLS.includes(name.text)) return [[`${name.text} is dropped`, node, expression.getText()]];
  }
  return [];
}

/** The copies have the committed files, whatever is edited during the run. */
const committed = (file: string) => execFileSync('git', ['show', `HEAD:${file}`], { encoding: 'utf8' });

function mutantsOf(file: string): readonly Mutant[] {
  const source = ts.createSourceFile(file, committed(file), ts.ScriptTarget.Latest, true);
  const found: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    // Types and imports do nothing when the program runs.
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return;
    for (const [what, changed, text] of changesOf(node)) {
      const start = changed.getStart();
      const { line } = source.getLineAndCharacterOfPosition(start);
      found.push({ file, start, end: changed.end, text, what: `${file}:${line + 1}: ${what}` });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Runs the checks in the copy. One that does not end within ten minutes has noticed something too. */
async function passes(copy: string): Promise<boolean> {
  const env = { ...process.env, HISTORIES: '300', KEYPOST_FUZZ_RUNS: '5' };
  for (const args of CHECKS) {
    const child = spawn(process.execPath, args, { cwd: copy, env, stdio: 'ignore', timeout: 600_000 });
    const [code] = await once(child, 'close');
    if (code !== 0) return false;
  }
  return true;
}

/** A copy of the project's files. Its dependencies are those of the project. */
function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'keypost-mutants-'));
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', process.cwd(), copy]);
  symlinkSync(join(process.cwd(), 'node_modules'), join(copy, 'node_modules'));
  return copy;
}

const random = randomOf(Number(values.seed));
const all = FOLDERS.flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))
  .filter((file) => file.endsWith('.ts') && file.includes(values.only))
  .sort()
  .flatMap(mutantsOf)
  .map((mutant) => ({ mutant, at: random.next() }))
  .sort((one, other) => one.at - other.at)
  .slice(0, Number(values.count))
  .map(({ mutant }) => mutant);
const waiting = [...all];
const survivors: string[] = [];

async function work(): Promise<void> {
  const copy = copyProject();
  try {
    if (!(await passes(copy))) throw new Error('the tests fail without a mutant; run them first');
    for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
      const { file, start, end, text, what } = mutant;
      const source = readFileSync(join(copy, file), 'utf8');
      writeFileSync(join(copy, file), source.slice(0, start) + text + source.slice(end));
      if (await passes(copy)) {
        survivors.push(what);
        console.log(`no test noticed: ${what}`);
      }
      writeFileSync(join(copy, file), source);
    }
  } finally {
    rmSync(copy, { recursive: true });
  }
}

await Promise.all(Array.from({ length: availableParallelism() }, work));
console.log(`${all.length - survivors.length} of ${all.length} mutants were noticed`);
