import type { Type } from '@nestjs/common';
import { Odd } from '../gen/kinds_pb.js';
import { callPath, type Outcome } from './raw-service.js';
import { Serves } from './refusal.js';
import { startTestServer, type TestApplication } from './test-server.js';

/** Makes a class a servicer of `Odd`, boots it, and calls its rpc `Name` with the text `Ada`. */
export async function callName(
  servicer: Type,
  metadata: Readonly<Record<string, string | Buffer>> = {},
  application: TestApplication = {},
): Promise<Outcome> {
  Serves(Odd, { partial: true })(servicer);
  await using test = await startTestServer({ ...application, controllers: [servicer] });
  return await callPath(test.client, '/servicer.test.v1.Odd/Name', { text: 'Ada' }, metadata);
}
