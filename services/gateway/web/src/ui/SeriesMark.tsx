const SHAPES = [
  <circle cx="8" cy="8" r="5" />,
  <path d="M8 2 14 13H2Z" />,
  <rect x="3" y="3" width="10" height="10" />,
  <path d="M8 1 15 8 8 15 1 8Z" />,
];

/** The colour and shape of a series in a chart: filled for the first four, hollow for the next. */
export function SeriesMark({ index }: { index: number }) {
  const colour = `var(--mes-series-${index + 1})`;
  const hollow = index >= SHAPES.length;
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
      <g fill={hollow ? 'none' : colour} stroke={colour} strokeWidth="2">
        {SHAPES[index % SHAPES.length]}
      </g>
    </svg>
  );
}
