/** S3 as the Lambda `order-mail` uses it. The objects stay in memory: the table keeps the bytes of a held mail. */
import { type AwsAnswer, AwsError, type AwsRequest } from './answer.ts';
import { errorXml } from './query-protocol.ts';

export type Objects = ReturnType<typeof objectStore>;

/** One bucket: paths are `/BUCKET/KEY`. */
export function objectStore() {
  const objects = new Map<string, Buffer>();
  const keyIn = (path: string) => decodeURIComponent(path.replace(/^\/?[^/]+\/|\?.*$/g, ''));
  return {
    put: (key: string, bytes: Buffer) => void objects.set(key, bytes),
    answer({ method, path, headers }: AwsRequest): AwsAnswer {
      const copied = headers['x-amz-copy-source'];
      const bytes = objects.get(keyIn(String(copied ?? path)));
      if (!bytes) return errorXml(new AwsError('NoSuchKey', 'The specified key does not exist.', 404));
      if (method === 'PUT') objects.set(keyIn(path), bytes);
      const body = copied ? '<CopyObjectResult/>' : bytes;
      return { status: 200, headers: { 'content-length': String(body.length) }, body };
    },
  };
}
