import { quoted, quotedInline } from './quote.ts';
import type { PromptSource } from './material.ts';
import type { PromptPart } from '../providers/model-connector.ts';
import {
  bytesOfTokens,
  cutUtf8,
  estimateTokens,
  imageTokens,
  utf8Bytes,
} from './token-estimate.ts';

/** Sources as they go into a prompt. */
export interface FittedSources {
  /** Text of all textual sources; empty where there is none. */
  readonly text: string;
  readonly images: readonly PromptPart[];
  readonly leftOut: readonly string[];
}

/** A text that would be cut to less than this is left out whole: a few words of it only mislead. */
const PIECE_BYTES_MIN = 200;

/**
 * Takes of the sources what fits, in their order: whole while there is room, then the beginning of one,
 * then nothing. What was left out is said in the prompt as well.
 * `tokensMax` is the room for all of them, by `estimateTokens`; `vision` says whether images can be shown.
 */
export function fitSources(
  sources: readonly PromptSource[],
  { tokensMax, vision }: { tokensMax: number; vision: boolean },
): FittedSources {
  const texts: string[] = [];
  const images: PromptPart[] = [];
  const leftOut: string[] = [];
  let room = tokensMax;
  for (const source of sources) {
    if (source.kind === 'image') {
      const fits = vision && room >= imageTokens;
      if (fits) {
        room -= imageTokens;
        images.push(imagePart(source));
        texts.push(`Material ${quotedInline(source.name)} is image ${images.length} below.`);
      } else {
        const why = vision ? 'no room for the image' : 'an image, which this agent does not take';
        leftOut.push(`${plain(source.name)}: ${why}`);
      }
      continue;
    }
    const piece = fitText(source.text, room);
    room -= estimateTokens(piece.text);
    if (piece.note !== '') leftOut.push(`${plain(source.name)}: ${piece.note}`);
    if (piece.text === '' && source.text !== '') continue;
    const note = piece.note === '' ? '' : ` (${piece.note})`;
    texts.push(`Material ${quotedInline(source.name)}${note}:\n${quoted(piece.text)}`);
  }
  return { text: texts.join('\n\n'), images, leftOut };
}

function fitText(text: string, roomTokens: number): { text: string; note: string } {
  const bytes = utf8Bytes(text);
  const room = bytesOfTokens(Math.max(0, roomTokens));
  if (bytes <= room) return { text, note: '' };
  if (room < PIECE_BYTES_MIN) return { text: '', note: `left out, ${grouped(bytes)} bytes` };
  const piece = cutUtf8(text, room);
  return {
    text: piece,
    note: `first ${grouped(utf8Bytes(piece))} of ${grouped(bytes)} bytes`,
  };
}

function imagePart(source: Extract<PromptSource, { kind: 'image' }>): PromptPart {
  return { kind: 'image', mediaType: source.mediaType, base64: source.base64, stable: true };
}

function plain(name: string): string {
  return quotedInline(name).slice(1, -1);
}

function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',');
}
