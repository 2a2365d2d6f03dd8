import { faultsTolerable, quorumRange, seatsNeeded } from '../calibration/fault-tolerance.ts';
import type { Plan } from '../collaboration/plan.ts';
import { countsWeights } from '../protocols/validity.ts';
import { shown, type Fault } from './fault.ts';

/**
 * Tells why a plan cannot tolerate the faults that it declares: too few seats, a quorum of a size that does not hold, a
 * protocol in which one seat decides or blocks alone, or weights that give the faulty ones a third.
 *
 * @param plan - with its seats and protocol
 */
export function toleranceFaults(plan: Plan): readonly Fault[] {
  const { seats, toleratedFaults: faults = 0 } = plan;
  if (faults === 0) return [];
  const tooFew = seatsNeeded(faults) > seats.length ? [seatsFault(seats.length, faults)] : [];
  return [...tooFew, ...protocolFaults(plan, faults), ...weightFaults(plan, faults)];
}

function seatsFault(seats: number, faults: number): Fault {
  const most = faultsTolerable(seats);
  const needed = `${seatsNeeded(faults)} participants or more, for n >= 3f + 1 and there are ${seats}`;
  const expected = `${most === 0 ? '0' : `0 to ${most}`}, or ${needed}`;
  return { field: 'toleratedFaults', got: shown(faults), expected };
}

function protocolFaults({ protocol, seats }: Plan, faults: number): readonly Fault[] {
  switch (protocol.kind) {
    case 'quorum':
      return [
        ...quorumFaults(protocol.required, seats.length, faults),
        ...(protocol.veto === true
          ? [aloneFault('protocol.veto', 'true', 'no veto, for one faulty seat could block alone')]
          : []),
      ];
    case 'unanimity':
      return [
        aloneFault('protocol.kind', 'unanimity', 'another, for one faulty seat could block alone'),
      ];
    case 'judge':
      return [
        aloneFault('protocol.kind', 'judge', 'another, for a faulty judge would decide alone'),
      ];
    case 'plurality':
    case 'weighted':
    case 'approval':
    case 'ranked':
    case 'supermajority':
      return [];
  }
}

function aloneFault(field: string, got: string, why: string): Fault {
  return { field, got, expected: `${why}, or toleratedFaults 0` };
}

function quorumFaults(required: number, seats: number, faults: number): readonly Fault[] {
  const { least, most } = quorumRange(seats, faults);
  if (required >= least && required <= most) return [];
  const low = `up to ${least - 1} liars could be as many among the supporters as honest seats`;
  const high = `from ${most + 1} on ${faults} silent ${faults === 1 ? 'seat' : 'seats'} could block every option`;
  const holds = least > most ? 'no size holds' : `${least === most ? '' : `${least} to `}${most}`;
  return [
    { field: 'protocol.required', got: shown(required), expected: `${holds}: ${low}, ${high}` },
  ];
}

/** Faulty seats that hold a third of the weight or more can do what more of them could do by heads. */
function weightFaults({ protocol, seats }: Plan, faults: number): readonly Fault[] {
  if (!countsWeights(protocol)) return [];
  const weights = seats.map(({ weight }) => weight).sort((one, other) => other - one);
  const total = sum(weights);
  const heaviest = sum(weights.slice(0, faults));
  // Seats that are too few are told already, and equal weights are heads.
  if (heaviest * 3 < total || seatsNeeded(faults) > seats.length) return [];
  const share = `${Math.round((heaviest / total) * 100)} % of the weight`;
  const got = faults === 1 ? `a seat with ${share}` : `${faults} seats with ${share}`;
  const expected = 'less than a third of the weight in as many seats as may be faulty';
  return [{ field: 'participants', got, expected }];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
