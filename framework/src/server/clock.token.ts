/** The token of the server's `Clock`; tests may override it. */
export const CLOCK = Symbol('Clock');
