import { RequestStream } from '../streams/request-stream.js';
import { respondOnce } from './respond-once.js';
import type { ServedCall } from './served-call.js';

export async function serveClientStream(call: ServedCall): Promise<void> {
  const requests = new RequestStream(() => call.reader.iterate());
  await respondOnce(call, await call.method.handle(requests, call.context));
}
