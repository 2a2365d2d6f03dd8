/** Codes of Node and of the driver for a connection that failed or was lost. */
const connectionCodes: ReadonlySet<string> = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENOENT',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** SQLSTATEs (PostgreSQL 18, appendix A) after which the same statement may well succeed. */
const retryableStates: ReadonlySet<string> = new Set([
  '40001', // serialization failure
  '40P01', // deadlock detected
  '53300', // too many connections
  '57P01', // admin shutdown
  '57P02', // crash shutdown
  '57P03', // cannot connect now
  '57P05', // idle session timeout
]);

/**
 * Says whether a database failure is worth another try: the server was away, starting, or chose this transaction as
 * the victim of a conflict. Whether the statement took effect is then unknown, so only repeatable work may be repeated.
 */
export function isTransient(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string') {
    return connectionCodes.has(code) || retryableStates.has(code) || code.startsWith('08');
  }
  const { errors } = error as { errors?: unknown };
  return Array.isArray(errors) && errors.length > 0 && errors.every(isTransient);
}
