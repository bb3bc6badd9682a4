/** One sentence of the services with named places for values, matched without regular expressions, in linear time. */

/** The values of a sentence by the name of their place. */
export type Values = ReadonlyMap<string, string>;

const PLACE = /\{(\w+)\}/;

export class Pattern {
  /** How much of it is words. */
  readonly weight: number;
  private readonly literals: readonly string[];
  readonly places: readonly string[];
  private readonly translation: readonly string[];

  /**
   * template: words and `{places}`. Where it begins or ends in the middle of a sentence (` at {at}`), what stands
   * there is a place too, `head` or `tail`. takes: whether a place takes a value.
   */
  constructor(
    template: string,
    translation: string,
    private readonly takes: (place: string, value: string) => boolean,
  ) {
    const [begins, ends] = [/^[\s;,]/.test(template), /[\s:]$/.test(template)];
    const parts = `${begins ? '{head}' : ''}${template}${ends ? '{tail}' : ''}`.split(PLACE);
    this.translation = `${begins ? '{head}' : ''}${translation}${ends ? '{tail}' : ''}`.split(PLACE);
    this.literals = parts.filter((_, index) => index % 2 === 0);
    this.places = parts.filter((_, index) => index % 2 === 1);
    this.weight = this.literals.join('').length;
  }

  /** What stands in the places of a sentence; null when it is another sentence. */
  match(sentence: string): Values | null {
    const [first = '', ...others] = this.literals;
    if (!sentence.startsWith(first)) return null;
    const values = new Map<string, string>();
    let from = first.length;
    for (const [index, literal] of others.entries()) {
      const place = this.places[index] ?? '';
      const isLast = index === others.length - 1;
      const to = isLast ? sentence.length - literal.length : sentence.indexOf(literal, from);
      if (to < from || (isLast && !sentence.endsWith(literal))) return null;
      const value = sentence.slice(from, to);
      if (!this.takes(place, value)) return null;
      values.set(place, value);
      from = to + literal.length;
    }
    return from === sentence.length ? values : null;
  }

  /** The translation with values in its places. */
  fill(said: (place: string) => string): string {
    return this.translation.map((part, index) => (index % 2 === 0 ? part : said(part))).join('');
  }
}
