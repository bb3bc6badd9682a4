/** Axis ranges of a Nyquist plot: as tight as the points allow with equal px per ohm. */

export interface Range {
  min: number;
  max: number;
}

export interface NyquistRanges {
  real: Range;
  minusImag: Range;
  /** The distance between grid lines in ohm, the same on both axes. */
  step: number;
}

const GRID_PX = 80;
const LEAST_GRID_LINES = 4;
const FEWEST_FRAMED = 5;
const INDUCTIVE_RATIO = 0.25;
const GROWTH = 1.04;

/**
 * `points` are (Z', −Z'') in ohm, `area` is the drawing area in px. Both axes start on a grid line, so that the
 * labels are round numbers; Z' is centred, −Z'' stands on its lowest grid line. A side below 1 px counts as 1 px.
 */
export function nyquistRanges(
  points: readonly (readonly [number, number])[],
  area: { width: number; height: number },
): NyquistRanges {
  const plot = { width: Math.max(1, area.width), height: Math.max(1, area.height) };
  const gridPx = Math.min(GRID_PX, plot.width / LEAST_GRID_LINES, plot.height / LEAST_GRID_LINES);
  const finite = points.filter((point) => point.every(Number.isFinite));
  const real = extent(finite.map((point) => point[0]));
  const imag = extent([0, ...finite.map((point) => point[1])]);
  const tightest = Math.max((real.max - real.min) / plot.width, (imag.max - imag.min) / plot.height);
  let ohmPerPx = tightest > 0 ? tightest : 1 / plot.width;
  for (;;) {
    ohmPerPx *= GROWTH;
    const step = roundStep(ohmPerPx * gridPx);
    const width = ohmPerPx * plot.width;
    const realMin = Math.floor(((real.min + real.max - width) / 2) / step) * step;
    const imagMin = Math.floor(imag.min / step) * step;
    const ranges = {
      real: { min: realMin, max: realMin + width },
      minusImag: { min: imagMin, max: imagMin + ohmPerPx * plot.height },
      step,
    };
    if (ranges.real.max > real.max && ranges.minusImag.max > imag.max) return ranges;
  }
}

/**
 * The points to frame. Leads make a cell look inductive at high frequency, often many times larger than the arcs that
 * a person looks for: such a tail stays in the data and out of the frame.
 */
export function framedPoints<Point extends { value: readonly [number, number] }>(points: readonly Point[]): Point[] {
  const finite = points.filter((point) => point.value.every(Number.isFinite));
  const arcs = finite.filter((point) => point.value[1] >= 0).map((point) => point.value);
  if (arcs.length < FEWEST_FRAMED) return finite;
  const real = extent(arcs.map((value) => value[0]));
  const lowest = -INDUCTIVE_RATIO * Math.max(real.max - real.min, ...arcs.map((value) => value[1]));
  return finite.filter((point) => point.value[1] >= lowest);
}

function extent(values: readonly number[]): Range {
  if (values.length === 0) return { min: 0, max: 0 };
  return { min: Math.min(...values), max: Math.max(...values) };
}

/** The next 1, 2 or 5 times a power of ten. */
function roundStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted));
  return power * ([1, 2, 5].find((factor) => factor * power >= wanted) ?? 10);
}
