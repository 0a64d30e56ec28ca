import { respondOnce } from './respond-once.js';
import type { ServedCall } from './served-call.js';

export async function serveUnary(call: ServedCall, request: unknown): Promise<void> {
  await respondOnce(call, await call.method.handle(request, call.context));
}
