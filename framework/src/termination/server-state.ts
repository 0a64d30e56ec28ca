/**
 * How far a server is.
 *
 * - `starting`: bound or not, it serves no call yet
 * - `serving`
 * - `draining`: calls under way go on, new ones are refused (after the features and `OnServerDraining` providers have done
 *   their part)
 * - `closing`: the grace period is over or no call is left; connections are closed
 * - `terminated`: no call, no connection and no listener is left
 */
export type ServerState = 'starting' | 'serving' | 'draining' | 'closing' | 'terminated';
