/** Says in the reader's language what services wrote in English; what it does not know stays as it was written. */
import { Pattern } from './pattern';

/** Sentences of the services by their English template, and how a language says them. */
export type Catalogue = Readonly<Record<string, string>>;

/** Between sentences that a service wrote in a row. */
const JOINTS = ['; ', '. '] as const;
/** Longer than what services write; the worst text of this length takes a tenth of a second, once. */
const LONGEST = 2000;
/** Sentences kept, as a screen that is drawn twice a second says the same ones. */
const MOST_KEPT = 2000;

/** Words of the services in the reader's language, which stand in places named after their set. */
export interface Words {
  /** Whether a place is of a set with known words only, of one that a plant may add to, or of none. */
  kindOf(set: string): 'closed' | 'open' | null;
  find(set: string, word: string): string | undefined;
}

/** Letters of a longer word. */
const A_WORD = 8;
const ONE_WORD = /^\S+$/;
const A_NUMBER = /^-?\d/;

export class Interpreter {
  private readonly patterns: readonly Pattern[];
  private readonly whole: ReadonlyMap<string, string>;
  private readonly kept = new Map<string, string | null>();

  constructor(
    catalogue: Catalogue,
    private readonly words: Words,
  ) {
    const entries = Object.entries(catalogue);
    this.whole = new Map(entries);
    this.patterns = entries
      .filter(([template]) => template.includes('{') || isPiece(template))
      .map(([template, translation]) => new Pattern(template, translation, (place, value) => this.takes(place, value)))
      .sort((one, other) => this.worth(other) - this.worth(one));
  }

  /** The sentence in the reader's language; null when no part of it is known. */
  say(sentence: string): string | null {
    if (sentence.length > LONGEST) return null;
    const known = this.kept.get(sentence);
    if (known !== undefined) return known;
    const said = this.find(sentence);
    if (this.kept.size >= MOST_KEPT) this.kept.clear();
    this.kept.set(sentence, said);
    return said;
  }

  private find(sentence: string): string | null {
    return this.whole.get(sentence) ?? this.matched(sentence) ?? this.inParts(sentence) ?? this.behindName(sentence);
  }

  private matched(sentence: string): string | null {
    for (const pattern of this.patterns) {
      const values = pattern.match(sentence);
      if (values !== null) return pattern.fill((place) => this.value(place, values.get(place) ?? ''));
    }
    return null;
  }

  /** Of two patterns that match, the one worth more is said: a place for known words only is as good as a word. */
  private worth({ weight, places }: Pattern): number {
    return weight + A_WORD * places.filter((place) => this.words.kindOf(setOf(place)) === 'closed').length;
  }

  /** An id is one word, and so is a word of the services, of a closed set one of the set; a number begins with a digit. */
  private takes(place: string, value: string): boolean {
    if (place.endsWith('_id')) return ONE_WORD.test(value);
    if (place === 'number') return A_NUMBER.test(value);
    const kind = this.words.kindOf(setOf(place));
    if (kind === 'closed') return this.words.find(setOf(place), value) !== undefined;
    return kind === null || ONE_WORD.test(value);
  }

  /** A value may be a word of the services, or a sentence itself: a reason within a reason. */
  private value(place: string, value: string): string {
    const set = setOf(place);
    return (this.words.kindOf(set) === null ? this.say(value) : this.words.find(set, value)) ?? value;
  }

  private inParts(sentence: string): string | null {
    for (const joint of JOINTS) {
      const parts = sentence.split(joint);
      if (parts.length === 1) continue;
      const said = parts.map((part) => this.say(part));
      if (said.some((part) => part !== null)) return parts.map((part, index) => said[index] ?? part).join(joint);
    }
    return null;
  }

  /** `JO-7: no pellets to spray`: who it is about, or which gate says it, then what is said. */
  private behindName(sentence: string): string | null {
    const at = sentence.indexOf(': ');
    if (at < 0) return null;
    const said = this.say(sentence.slice(at + 2));
    if (said === null) return null;
    const name = sentence.slice(0, at);
    return `${this.words.find('gate_name', name) ?? this.value('name', name)}: ${said}`;
  }
}

/** Whether it begins or ends in the middle of a sentence. */
const isPiece = (template: string) => /^[\s;,]|[\s:]$/.test(template);

/** The set of words of a place; a digit tells two places of one set apart. */
const setOf = (place: string) => place.replace(/\d+$/, '');
