/** What is asked of an HTTP/2 session. */
export interface Answering {
  readonly destroyed: boolean;
  ping(answered: () => void): boolean;
}

/** Those who wait for the next answer of a session that is being asked. */
const waitingFor = new WeakMap<Answering, (() => void)[]>();

/**
 * Runs a function once the peer has answered a ping that was sent after this call: whatever it had sent before it heard of
 * the ping has been seen by then. At once where it cannot be asked, because the connection closes or has gone.
 */
export function afterAnswer(session: Answering, then: () => void): void {
  const waiting = waitingFor.get(session);
  if (waiting === undefined) ask(session, [then]);
  else waiting.push(then);
}

/** One ping at a time; those who come meanwhile need one that is sent later. */
function ask(session: Answering, round: readonly (() => void)[]): void {
  const next: (() => void)[] = [];
  waitingFor.set(session, next);
  let over = false;
  const answered = (): void => {
    if (over) return;
    over = true;
    waitingFor.delete(session);
    for (const then of round) then();
    if (next.length > 0) ask(session, next);
  };
  // a session that closes says false, or calls back without having asked
  if (session.destroyed || !session.ping(answered)) answered();
}
