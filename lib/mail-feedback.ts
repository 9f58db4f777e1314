/** The topic on which SES publishes the delivery events of each mail. */
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { type ConfigurationSet, EmailSendingEvent, EventDestination } from 'aws-cdk-lib/aws-ses';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { allow } from './lambda.ts';
import { deadLetters } from './stores.ts';

/** Opens and clicks are left out, because SES would rewrite the mail to count them. */
const EVENTS = [
  EmailSendingEvent.SEND,
  EmailSendingEvent.DELIVERY,
  EmailSendingEvent.BOUNCE,
  EmailSendingEvent.COMPLAINT,
  EmailSendingEvent.REJECT,
  EmailSendingEvent.DELIVERY_DELAY,
];

/**
 * Only this configuration set may publish to the topic:
 * https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-sns.html. Lambda tries an event
 * three times within minutes. An event that fails three times is kept in the dead-letter queue, which `mails replay` processes.
 */
export function mailEventsTo(listener: IFunction, mails: ConfigurationSet): Queue {
  const lost = deadLetters(mails.stack, 'LostMailEvents');
  // CDK's SqsDestination allows further actions.
  allow(listener, ['sqs:SendMessage'], [lost.queueArn]);
  listener.configureAsyncInvoke({ onFailure: { bind: () => ({ destination: lost.queueArn }) } });
  const topic = new Topic(mails.stack, 'MailEventsTopic', { enforceSSL: true });
  topic.addSubscription(new LambdaSubscription(listener, { deadLetterQueue: lost }));
  mails.addEventDestination('Events', { destination: EventDestination.snsTopic(topic), events: EVENTS });
  return lost;
}
