/** Whether anybody hears the alarms. */
import { ListSubscriptionsByTopicCommand, NotFoundException, SNSClient } from '@aws-sdk/client-sns';
import type { Check } from './checks.ts';

export const alarms: Check = async ({ catalogue, target, names }) => {
  const TopicArn = (await names()).output('AlarmTopic');
  const { alarms: to } = catalogue.seller;
  const again = `\`aws sns subscribe --topic-arn ${TopicArn} --protocol email --notification-endpoint ${to}\` has AWS mail a link to confirm`;
  try {
    const client = new SNSClient(target.config);
    const { Subscriptions = [] } = await client.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    const sellers = Subscriptions.filter(({ Endpoint }) => Endpoint?.toLowerCase() === to.toLowerCase());
    if (sellers.some(({ SubscriptionArn }) => SubscriptionArn?.startsWith('arn:'))) return undefined;
    return sellers.length > 0
      ? `the alarms reach nobody: ${to} has not confirmed; the link is in AWS's mail "Subscription Confirmation"; ${again}`
      : `the alarms do not go to ${to}; ${again}`;
  } catch (error) {
    if (error instanceof NotFoundException)
      return `the topic of the alarms is gone; \`npx cdk deploy\` after deleting its alarms makes it again`;
    throw error;
  }
};
