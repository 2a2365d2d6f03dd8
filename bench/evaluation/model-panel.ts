import { createHash } from 'node:crypto';

import { callModel, type ModelAnswer } from '../../activities/model-call.ts';
import { ProviderFaultError } from '../../activities/models/fault.ts';
import { briefOf } from '../../activities/turn-brief.ts';
import {
  abstention,
  contentOfReply,
  factOfReply,
  nothingSaid,
  type SaidContent,
} from '../../activities/turn-outcome.ts';
import {
  caseFileOf,
  type CaseFile,
  type FiledEvent,
} from '../../domain/collaboration/case-file.ts';
import type { Fact, TurnFact, TurnRef } from '../../domain/collaboration/fact.ts';
import type { Plan } from '../../domain/collaboration/plan.ts';
import type { RunState } from '../../domain/collaboration/run-state.ts';
import type { KnownQuestion } from '../../domain/evaluation/known-question.ts';
import { resultOf, type EvaluatedRun } from '../../domain/evaluation/simulation.ts';
import { machines } from '../../domain/machines.ts';
import type { ModelConnector } from '../../domain/providers/model-connector.ts';
import { noUsage } from '../../domain/providers/usage.ts';

/** Most steps of one run; five rounds of two passes are far below it. */
const stepsMax = 200;

/** What a turn came to: its fact, and the words that later prompts show. */
interface Answered {
  readonly fact: TurnFact;
  readonly content: SaidContent;
}

/**
 * Runs a plan over a known question with a real model on every seat: the machine, the prompts, the reading of replies and
 * their one repair are those of every run; ledger and workflow are left out. A call that fails is an
 * abstention, unless nobody is there to be called.
 *
 * @param plan - of a closed question
 * @param known - what is asked, and what is true
 * @param connector - reaches the model
 * @throws ProviderFaultError when the model cannot be reached
 * @throws Error when the machine waits for a person, or comes to no end
 */
export async function runOnModel(
  plan: Plan,
  known: KnownQuestion,
  connector: ModelConnector,
): Promise<EvaluatedRun> {
  const machine = machines[plan.pattern];
  const opened: Fact = { type: 'collaboration.opened', plan };
  const { question, options, truth } = known;
  const content = { question, options, materials: [], personas: {} };
  const events: FiledEvent[] = [{ seq: 1, fact: opened, content }];
  let state: RunState = machine.open(opened);
  const fold = (fact: Fact, said: SaidContent | null): void => {
    events.push({ seq: events.length + 1, fact, content: said });
    state = machine.evolve(state, fact);
  };
  for (let steps = 0; steps < stepsMax; steps += 1) {
    const step = machine.next(state);
    if (step.kind === 'wait') break;
    if (step.kind === 'end') {
      return resultOf(step.verdict, state, { truth, lure: null, options });
    }
    if (step.kind === 'record') {
      for (const fact of step.facts) fold(fact, null);
      continue;
    }
    const file = caseFileOf(events, machines);
    const answers = await Promise.all(step.turns.map((turn) => answerTo(turn, file, connector)));
    for (const { fact, content: said } of answers) fold(fact, said);
  }
  throw new Error(`a run of ${plan.pattern} came to no verdict`);
}

async function answerTo(
  turn: TurnRef,
  file: CaseFile,
  connector: ModelConnector,
): Promise<Answered> {
  const { capabilities } = connector;
  try {
    const answer = await callModel({
      task: turn.task,
      brief: briefOf({ turn, file, agent: { capabilities }, sources: [], sha256 }),
      connector,
      maxOutputTokens: file.state.plan.maxOutputTokens,
      signal: new AbortController().signal,
      reserveRepair: () => Promise.resolve('extended'),
    });
    return readAnswer(turn, answer);
  } catch (error) {
    if (!(error instanceof ProviderFaultError) || isAway(error)) throw error;
    const cost = { usage: noUsage, microsUsd: 0 };
    return { fact: abstention(turn, 'provider-failed', cost), content: nothingSaid };
  }
}

/** A model that is not there says nothing of how good it is. */
function isAway({ fault }: ProviderFaultError): boolean {
  return ['unreachable', 'unauthorised', 'not-found'].includes(fault.code);
}

function readAnswer(turn: TurnRef, { said, usage }: ModelAnswer): Answered {
  const cost = { usage, microsUsd: 0 };
  return said.ok
    ? { fact: factOfReply(turn, said.reply, cost), content: contentOfReply(said.reply) }
    : { fact: abstention(turn, said.reason, cost), content: nothingSaid };
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
