/** The sets of words that stand within the sentences of services, as the screens say them. */
import { withoutUnit } from '../i18n/format';
import type { WordSet } from '../i18n/I18nProvider';
import type { Words } from './interpreter';

/** A plant has operations, gates, limits and characteristics of its own; the other sets are known whole. */
const SAID_SETS: ReadonlyMap<string, 'closed' | 'open'> = new Map<WordSet | 'command', 'closed' | 'open'>([
  ['characteristic', 'open'],
  ['command', 'closed'],
  ['disposition', 'closed'],
  ['gate_name', 'open'],
  ['job_state', 'closed'],
  ['operation', 'open'],
  ['signal', 'open'],
  ['time_limit', 'open'],
]);

/** Their words end in a unit, which is printed beside the number. */
export const MEASURED: ReadonlySet<string> = new Set<WordSet>(['signal', 'characteristic']);

/** Words out of a table of texts by `set.word`. A measured name without unit may be any word: it stays as it is. */
export function wordsOf(table: Readonly<Record<string, string>>): Words {
  return {
    kindOf: (set) => SAID_SETS.get(set) ?? null,
    find: (set, word) => {
      if (set === 'command') return table[`station.${word}`]; // as the buttons that give it
      if (!MEASURED.has(set)) return table[`${set}.${word}`];
      return word.includes('_') ? table[`${set}.${withoutUnit(word)}`] : undefined;
    },
  };
}
