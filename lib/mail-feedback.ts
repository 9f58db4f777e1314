/** How SES tells what became of each mail. */

import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { type ConfigurationSet, EmailSendingEvent, EventDestination } from 'aws-cdk-lib/aws-ses';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { LambdaSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';

/** Neither opens nor clicks: to see them, SES would rewrite the mail. */
const TOLD = [
  EmailSendingEvent.SEND,
  EmailSendingEvent.DELIVERY,
  EmailSendingEvent.BOUNCE,
  EmailSendingEvent.COMPLAINT,
  EmailSendingEvent.REJECT,
  EmailSendingEvent.DELIVERY_DELAY,
];

/**
 * By a topic to which this configuration set alone may publish, as the library and SES's guide have it:
 * https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-sns.html. Lambda tries an event
 * three times in some minutes. One that fails even so is lost, and the order stays as it was: the alarm rings, and SES
 * mails a bounce to the seller's From besides.
 */
export function mailEventsTo(listener: IFunction, mails: ConfigurationSet): void {
  const topic = new Topic(mails.stack, 'MailEventsTopic', { enforceSSL: true });
  topic.addSubscription(new LambdaSubscription(listener));
  mails.addEventDestination('Events', { destination: EventDestination.snsTopic(topic), events: TOLD });
}
