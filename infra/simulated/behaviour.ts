/** How a simulated model misbehaves; chosen by the end of its name, for tests. */
export type Behaviour =
  /** Replies as asked. */
  | { readonly kind: 'good' }
  /** Replies with something else than what was asked. */
  | {
      readonly kind: 'bad-reply';
      readonly fault:
        | 'prose'
        | 'huge-confidence'
        | 'empty'
        | 'half-json'
        | 'refusal'
        | 'cutoff'
        | 'invented-answer';
      /** Only until it is asked again with the fault named. */
      readonly isOnce: boolean;
    }
  /** Answers with an HTTP status. */
  | { readonly kind: 'status'; readonly status: number; readonly isOnce: boolean }
  /** Waits longer than all others. */
  | { readonly kind: 'slow'; readonly latencyMs: number }
  /** Breaks on the wire. */
  | { readonly kind: 'broken'; readonly how: 'hang' | 'stall' | 'disconnect' | 'garbage' }
  /** Replies as asked, and says nothing of what was used. */
  | { readonly kind: 'no-usage' };

const badReplies = [
  'prose',
  'huge-confidence',
  'empty',
  'half-json',
  'refusal',
  'cutoff',
  'invented-answer',
] as const;

const breaks = ['hang', 'stall', 'disconnect', 'garbage'] as const;

/**
 * Reads a model's behaviour out of its name:
 * `sim-prose`, `-huge-confidence`, `-empty`, `-half-json`, `-refusal`, `-cutoff`, `-invented-answer`, each also with
 * `-once`; `sim-429`, `sim-500` … for always, `sim-flaky-429` for the first call of each prompt; `sim-slow-<ms>`;
 * `sim-hang` (no answer), `-stall` (half an answer), `-disconnect`, `-garbage`, `-no-usage`.
 */
export function behaviourOf(model: string): Behaviour {
  const isOnce = model.endsWith('-once');
  const name = isOnce ? model.slice(0, -'-once'.length) : model;
  const fault = badReplies.find((bad) => name.endsWith(`-${bad}`));
  if (fault !== undefined) return { kind: 'bad-reply', fault, isOnce };
  const how = breaks.find((broken) => name.endsWith(`-${broken}`));
  if (how !== undefined) return { kind: 'broken', how };
  if (name.endsWith('-no-usage')) return { kind: 'no-usage' };
  const slow = /-slow-(\d{1,6})$/.exec(name)?.[1];
  if (slow !== undefined) return { kind: 'slow', latencyMs: Number(slow) };
  const status = /-(flaky-)?([45]\d\d)$/.exec(name);
  if (status === null) return { kind: 'good' };
  return { kind: 'status', status: Number(status[2]), isOnce: status[1] !== undefined };
}
