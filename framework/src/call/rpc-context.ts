/** What both ends of a call have in common. */
export interface RpcContext {
  /** Whether the call is still under way here: not cancelled, and no status sent or received. */
  isActive(): boolean;

  /** Time left in ms, never negative; `null` when the call has no deadline. */
  timeRemainingMs(): number | null;

  /** Ends the call now; nothing happens when it has ended. */
  cancel(): void;

  /**
   * Runs a function once when the call has ended, however it ended.
   *
   * @returns whether it will run: `false` when the call has ended already
   */
  addCallback(callback: () => void): boolean;
}
