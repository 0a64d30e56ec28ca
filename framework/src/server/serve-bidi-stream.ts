import { RequestStream } from '../streams/request-stream.js';
import { respondMany } from './respond-many.js';
import type { ServedCall } from './served-call.js';

export async function serveBidiStream(call: ServedCall): Promise<void> {
  const requests = new RequestStream(() => call.reader.iterate());
  await respondMany(call, await call.method.handle(requests, call.context));
}
