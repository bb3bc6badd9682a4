/** The voltages that a staircase's scale shows. */

/** The voltage of a cell that fails may rise so many times above what its survived levels took, and still be shown. */
const BEYOND_SURVIVED = 3;
/** A scale is no narrower: a cell that is short from the start holds no voltage at all. */
const LEAST_LIMIT_V = 1e-3;

export interface VoltageRange {
  /** The scale ends at plus and minus so many volts. */
  limitV: number;
  /** The highest voltage of the test, without its sign, where the scale ends below it, else null. */
  beyondV: number | null;
}

/**
 * A cell that loses contact runs to the tester's own limit, often many times what its survived levels took: then the
 * scale frames those. `begun` is the first point of the level that was not survived; 0 or less where all were.
 */
export function voltageRange(voltages: readonly number[], begun: number): VoltageRange {
  const highest = highestOf(voltages);
  const survived = begun > 0 ? highestOf(voltages.slice(0, begun)) : 0;
  const framed = BEYOND_SURVIVED * survived;
  return survived > 0 && highest > framed ? { limitV: framed, beyondV: highest } : { limitV: Math.max(highest, LEAST_LIMIT_V), beyondV: null };
}

function highestOf(voltages: readonly number[]): number {
  return voltages.reduce((highest, volt) => Math.max(highest, Math.abs(volt)), 0);
}
