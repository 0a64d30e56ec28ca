import { UsageError } from '../status/usage-error.js';

/**
 * Imports a peer that only some applications need, when it is first needed.
 *
 * @param purpose what needs it, as the start of a sentence: `'Loading a .proto file'`
 * @param load the import itself, written out so that bundlers see it
 * @throws {UsageError} that says how to install it when it is not there; any other failure as it is
 */
export async function importPeer<T>(name: string, purpose: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (!isMissing(cause, name)) throw cause;
    throw new UsageError(`${purpose} needs the package ${name}, which is not installed: npm install ${name}`, {
      cause,
    });
  }
}

/** A package that is there but lacks one of its own dependencies is not a missing peer. */
function isMissing(thrown: unknown, name: string): boolean {
  const codes = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'];
  return (
    thrown instanceof Error &&
    'code' in thrown &&
    codes.includes(String(thrown.code)) &&
    thrown.message.includes(`'${name}'`)
  );
}
