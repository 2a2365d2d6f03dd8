import type { TurnTask } from '../collaboration/fact.ts';
import { isFlip } from '../collaboration/flip.ts';
import type { FinishReason } from '../providers/model-connector.ts';
import { findJsonObject } from './json-object.ts';
import { labelledOptions } from './option-labels.ts';
import { answerKey } from './answer-key.ts';
import { choiceOf, nominatedOptions, optionNamed, vetoesOf } from './read-choice.ts';
import type { ChosenAnswers } from './read-choice.ts';
import { contradictionsOf, readDecomposition } from './read-parts.ts';
import {
  confidenceOf,
  critiquesOf,
  evidenceOf,
  faulty,
  fieldOf,
  listed,
  nameIn,
  rationaleOf,
  textOf,
  textsOf,
} from './reply-fields.ts';
import type { Fields, Reading } from './reply-fields.ts';
import { groupLabels, nobodyCited } from './reply-schema.ts';
import type {
  GroupingReply,
  KeyedAnswer,
  ParsedReply,
  ReadReply,
  ReplyContext,
  ReplyFault,
  SynthesisReply,
} from './reply.ts';
import { synthesisCharactersMax } from './reply-limits.ts';

/**
 * Judges what a model sent. Never throws, whatever the text.
 *
 * Tolerant where it is harmless (a code fence, prose around the object, numbers in quotes, case and
 * marks of an option's words), strict where meaning is at stake (which option, how sure, why a change).
 * A reply that finished as a refusal is one whatever it said.
 */
export function readReply(
  task: TurnTask,
  text: string,
  finish: FinishReason,
  context: ReplyContext,
): ReadReply {
  const fields = fieldsOf(text, finish);
  if (!fields.ok) return refused(fields.fault, fields.instruction);
  if (isDeclining(task, fields.value)) {
    return { ok: false, fault: 'declined', instruction: 'the reply declines', isRepairable: false };
  }
  const read = readTask(task, fields.value, context);
  return read.ok ? { ok: true, reply: read.value } : refused(read.fault, read.instruction);
}

function refused(fault: ReplyFault, instruction: string): ReadReply {
  return { ok: false, fault, instruction, isRepairable: true };
}

function fieldsOf(text: string, finish: FinishReason): Reading<Fields> {
  if (finish === 'refusal') {
    return wrong(
      'refusal',
      'the reply refuses; expected one JSON object, with "abstain": true to decline',
    );
  }
  const found = findJsonObject(text);
  if (found.kind === 'found') return { ok: true, value: found.value };
  if (finish === 'length') {
    return wrong('cut-off', 'the reply was cut off at its longest; expected a shorter one');
  }
  if (text.trim() === '') return wrong('empty', 'the reply is empty; expected one JSON object');
  const got = {
    none: 'no JSON object',
    unfinished: 'a JSON object that ends before it is complete',
    several: 'several JSON objects',
  }[found.kind];
  return wrong('not-json', `the reply has ${got}; expected exactly one, without words around it`);
}

function wrong(fault: ReplyFault, instruction: string): Reading<never> {
  return { ok: false, fault, instruction };
}

/** Tasks that are no opinion, so that nothing in them could be declined. */
const withoutDeclining: readonly TurnTask[] = ['decomposition', 'grouping', 'synthesis'];

function isDeclining(task: TurnTask, fields: Fields): boolean {
  const canDecline = !withoutDeclining.includes(task);
  return canDecline && textOf(fieldOf(fields, 'abstain')).toLowerCase() === 'true';
}

function readTask(task: TurnTask, fields: Fields, context: ReplyContext): Reading<ParsedReply> {
  switch (task) {
    case 'vote':
    case 'proposal':
    case 'revision':
      return readPosition(task, fields, context);
    case 'nomination':
      return withRationale('nomination', nominatedOptions(fields, context), fields);
    case 'judgement':
      return withRationale('judgement', judgement(fields, context), fields);
    case 'critique':
      return readCritique(fields, context);
    case 'grouping':
      return readGrouping(fields, context);
    case 'decomposition':
      return readDecomposition(fields, context);
    case 'synthesis':
      return readSynthesis(fields, context);
  }
}

function readPosition(task: TurnTask, fields: Fields, context: ReplyContext): Reading<ParsedReply> {
  const chosen = choiceOf(fields, context);
  if (!chosen.ok) return chosen;
  const keys = chosen.value.answers.map(({ key }) => key);
  const vetoes = vetoesOf(fields, context, keys);
  if (!vetoes.ok) return vetoes;
  const citing = task === 'revision' ? citingOf(fields, chosen.value, context) : notCited;
  if (!citing.ok) return citing;
  const confidence = confidenceOf(fields);
  if (!confidence.ok) return confidence;
  return {
    ok: true,
    value: {
      kind: 'position',
      ...chosen.value,
      rationale: rationaleOf(fields),
      evidence: evidenceOf(fields),
      critiques: task === 'revision' ? critiquesOf(fields, peersOf(context)) : [],
      confidence: confidence.value,
      citing: citing.value,
      vetoes: vetoes.value,
    },
  };
}

const notCited: Reading<string | null> = { ok: true, value: null };

/** Finds the argument that a changed position cites; one that did not change cites nobody. */
function citingOf(
  fields: Fields,
  { choice, answer }: ChosenAnswers,
  context: ReplyContext,
): Reading<string | null> {
  if (!isFlip(context.previous, choice, context.merges)) return notCited;
  const peers = context.arguments.filter(({ name }) => name !== context.self);
  const names = peers.map(({ name }) => name);
  const said = nameIn(names, textOf(fieldOf(fields, 'citing')));
  const peer = peers.find(({ name }) => name === said);
  if (peer !== undefined) return { ok: true, value: peer.turn };
  const cited = names.length === 0 ? '' : `one of ${listed(names)}, or `;
  return faulty('flip-without-citation', {
    field: 'citing',
    got: fieldOf(fields, 'citing') ?? nobodyCited,
    expected: `${cited}the earlier answer word for word instead of ${listed([answer])}`,
  });
}

function peersOf(context: ReplyContext): { names: readonly string[]; self: string } {
  return { names: context.arguments.map(({ name }) => name), self: context.self };
}

function judgement(fields: Fields, context: ReplyContext): Reading<ChosenAnswers> {
  return optionNamed(fields, labelledOptions(context.options));
}

function withRationale(
  kind: 'nomination' | 'judgement',
  read: Reading<ChosenAnswers>,
  fields: Fields,
): Reading<ParsedReply> {
  if (!read.ok) return read;
  return { ok: true, value: { kind, ...read.value, rationale: rationaleOf(fields) } };
}

function readCritique(fields: Fields, context: ReplyContext): Reading<ParsedReply> {
  const critiques = critiquesOf(fields, peersOf(context));
  if (critiques.length > 0) return { ok: true, value: { kind: 'critique', critiques } };
  const names = context.arguments.map(({ name }) => name).filter((name) => name !== context.self);
  return faulty('invalid-answer', {
    field: 'critiques',
    got: fieldOf(fields, 'critiques'),
    expected: `at least one {"of", "text"} with "of" out of ${listed(names)}`,
  });
}

function readGrouping(fields: Fields, context: ReplyContext): Reading<ParsedReply> {
  const labels = groupLabels(context);
  const value = fieldOf(fields, 'groups');
  if (!Array.isArray(value)) {
    return faulty('invalid-answer', {
      field: 'groups',
      got: value,
      expected: 'a list of groups; an empty one when all answers differ',
    });
  }
  const groups = value.map((group: unknown) => textsOf(group).map((said) => placeIn(labels, said)));
  const places = groups.flatMap((group) => [...new Set(group)]);
  if (places.includes(-1) || new Set(places).size !== places.length) {
    return faulty('invalid-answer', {
      field: 'groups',
      got: value,
      expected: `each of ${listed(labels)} in at most one group`,
    });
  }
  return {
    ok: true,
    value: {
      kind: 'grouping',
      merges: mergesOf(groups, context.answers ?? []),
      rationale: rationaleOf(fields),
    },
  };
}

function placeIn(labels: readonly string[], said: string): number {
  return labels.findIndex((label) => label === nameIn(labels, said));
}

/** The first answer of each group, in the order in which the chair was shown them, stands for it. */
function mergesOf(
  groups: readonly (readonly number[])[],
  answers: readonly KeyedAnswer[],
): GroupingReply['merges'] {
  const merges: Record<string, string> = {};
  for (const group of groups) {
    const [stands, ...others] = answers.filter((_answer, place) => group.includes(place));
    if (stands === undefined) continue;
    for (const { key } of others) merges[key] = stands.key;
  }
  return merges;
}

function readSynthesis(fields: Fields, context: ReplyContext): Reading<ParsedReply> {
  const said = fieldOf(fields, 'answer');
  const answer = textOf(said);
  if (answer !== '' && answer.length <= synthesisCharactersMax) {
    const value = { kind: 'synthesis' as const, answer, rationale: rationaleOf(fields) };
    return { ok: true, value: { ...value, ...ofPartsIn(fields, answer, context) } };
  }
  return faulty('invalid-answer', {
    field: 'answer',
    got: answer === '' ? said : answer.length,
    expected: `an answer of 1 to ${synthesisCharactersMax} characters`,
  });
}

/** What the synthesis of an analysis says besides; nothing in a debate. */
function ofPartsIn(
  fields: Fields,
  answer: string,
  { parts, sha256 }: ReplyContext,
): Pick<SynthesisReply, 'ofParts'> {
  if (parts === undefined) return {};
  const key = answerKey(answer, 'exact', sha256);
  return { ofParts: { key, contradictions: contradictionsOf(fields, parts) } };
}
