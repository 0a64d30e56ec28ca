import { DeclarationError, Servicer } from 'nestjs-servicer';
import { startTestServer, type TestApplication } from './test-server.js';

/** `@Servicer` as JavaScript sees it: what the compiler refuses must be refused at boot too. */
export const Serves = Servicer as unknown as (source: unknown, options?: unknown) => ClassDecorator;

/** What is thrown instead of booting. */
export async function refusalOf(boot: Promise<unknown>): Promise<Error> {
  try {
    await boot;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it booted');
}

/** What an application is refused for. */
export async function problemsOf(application: TestApplication): Promise<readonly string[]> {
  const refusal = await refusalOf(startTestServer(application));
  if (refusal instanceof DeclarationError) return refusal.problems;
  throw refusal;
}
