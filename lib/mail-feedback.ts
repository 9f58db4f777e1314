/** The topic on which SES publishes the delivery events of each mail. */
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { type ConfigurationSet, EmailSendingEvent, EventDestination } from 'aws-cdk-lib/aws-ses';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';

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
 * three times within minutes. An event that fails three times is lost, and the order keeps its earlier delivery status.
 * SES also mails a bounce to the seller's From address.
 */
export function mailEventsTo(listener: IFunction, mails: ConfigurationSet): void {
  const topic = new Topic(mails.stack, 'MailEventsTopic', { enforceSSL: true });
  topic.addSubscription(new LambdaSubscription(listener));
  mails.addEventDestination('Events', { destination: EventDestination.snsTopic(topic), events: EVENTS });
}
