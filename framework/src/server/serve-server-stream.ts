import { respondMany } from './respond-many.js';
import type { ServedCall } from './served-call.js';

export async function serveServerStream(call: ServedCall, request: unknown): Promise<void> {
  await respondMany(call, await call.method.handle(request, call.context));
}
