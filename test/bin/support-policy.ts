/** Evaluates the policy KeypostSupport of the template that `npx cdk deploy` passes to CloudFormation. */
import { rmSync } from 'node:fs';
import { Template } from 'aws-cdk-lib/assertions';
import * as z from 'zod';
import { stackOf } from '../lib/stack-of.ts';
import { type Access, OPERATOR, TABLE } from './deployed-stack.ts';

const many = <Schema extends z.ZodType>(one: Schema) =>
  z.union([z.array(one), one.transform((only) => [only])]);
const Policy = z.object({
  PolicyDocument: z.object({
    Statement: z.array(
      // Any other key, such as Condition or NotAction, is refused: it is not evaluated here.
      z.strictObject({ Effect: z.literal('Allow'), Action: many(z.string()), Resource: many(z.unknown()) }),
    ),
  }),
});

const { stack, folder } = stackOf({ stack: 'Shop' });
const template = Template.fromStack(stack);
rmSync(folder, { recursive: true });
const idOf = (type: string, prefix = '') =>
  Object.keys(template.findResources(type)).find((id) => id.startsWith(prefix)) ?? '';

/** What CloudFormation puts in place of references. */
const VALUES: Readonly<Record<string, string>> = {
  ...{ 'AWS::Partition': 'aws', 'AWS::Region': 'us-east-1', 'AWS::AccountId': '1' },
  [`${idOf('AWS::DynamoDB::Table', 'Orders')}.Arn`]: TABLE,
  [idOf('AWS::Lambda::Alias')]: `${OPERATOR}:support`,
};
const Reference = z.union([
  z.string(),
  z.object({ Ref: z.string() }).transform(({ Ref }) => resolved(Ref)),
  z.object({ 'Fn::GetAtt': z.array(z.string()) }).transform((get) => resolved(get['Fn::GetAtt'].join('.'))),
]);
const Resource = z.union([
  Reference,
  z
    .object({ 'Fn::Join': z.tuple([z.string(), z.array(Reference)]) })
    .transform(({ 'Fn::Join': [separator, parts] }) => parts.join(separator)),
]);

function resolved(name: string): string {
  const value = VALUES[name];
  if (value === undefined) throw new Error(`the policy refers to ${name}`);
  return value;
}

const [managed] = Object.values(template.findResources('AWS::IAM::ManagedPolicy'));
const STATEMENTS = Policy.parse(managed?.Properties).PolicyDocument.Statement.map((one) => ({
  actions: one.Action,
  resources: one.Resource.map((resource) => Resource.parse(resource)),
}));

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html: one Allow, and no Deny. */
export const isAllowed = ({ action, resource }: Access): boolean =>
  STATEMENTS.some(
    ({ actions, resources }) =>
      actions.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      resources.some((pattern) => matches(pattern, resource)),
  );

/** `*` matches any characters and `?` one; a colon too. */
const matches = (pattern: string, text: string) =>
  new RegExp(
    `^${pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  ).test(text);
