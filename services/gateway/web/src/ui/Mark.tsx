import './Mark.css';

export type MarkKind = 'alarm-1' | 'alarm-2' | 'alarm-3' | 'unknown' | 'held' | 'rework' | 'bad' | 'near' | 'good' | 'stale';

const SHAPES: Record<MarkKind, string> = {
  'alarm-1': 'M10 .5 19.5 10 10 19.5 .5 10Z',
  'alarm-2': 'M10 1 19.5 18.5H.5Z',
  'alarm-3': 'M2 2h16v16H2Z',
  unknown: 'M10 1a9 9 0 1 1 0 18 9 9 0 0 1 0-18Z',
  held: 'M6 1h8l5 5v8l-5 5H6l-5-5V6Z',
  rework: 'M2 2h16v16H2Z',
  bad: 'M6 1h8l5 5v8l-5 5H6l-5-5V6Z',
  near: 'M2 2h16v16H2Z',
  good: 'M10 1a9 9 0 1 1 0 18 9 9 0 0 1 0-18Z',
  stale: 'M10 1a9 9 0 1 1 0 18 9 9 0 0 1 0-18Z',
};

const INK: Record<MarkKind, { character: string; y: number } | { path: string }> = {
  'alarm-1': { character: '1', y: 14 },
  'alarm-2': { character: '2', y: 16.5 },
  'alarm-3': { character: '3', y: 14.2 },
  unknown: { character: '?', y: 14.6 },
  held: { path: 'M6.5 5.5H9v9H6.5zM11 5.5h2.5v9H11z' },
  rework: { path: 'M5 8.5h7.5V5.5L17 10l-4.5 4.5v-3H5z' },
  bad: { path: 'm6.7 5.3 3.3 3.3 3.3-3.3 1.4 1.4-3.3 3.3 3.3 3.3-1.4 1.4-3.3-3.3-3.3 3.3-1.4-1.4 3.3-3.3-3.3-3.3z' },
  near: { character: '!', y: 14.2 },
  good: { path: 'm5.3 10.2 1.4-1.4 2.3 2.3 4.5-4.5 1.4 1.4L9 13.9z' },
  stale: { path: 'M9 5h1.8v4.7l3.2 1.9-.9 1.5L9 10.7z' },
};

/** A symbol whose shape carries the meaning, so that its colour need not. The word stands beside it. */
export function Mark({ kind, blinking = false }: { kind: MarkKind; blinking?: boolean }) {
  const ink = INK[kind];
  return (
    <svg className={`sign sign-${kind}${blinking ? ' sign-blinking' : ''}`} viewBox="0 0 20 20" aria-hidden="true">
      <path className="sign-shape" d={SHAPES[kind]} />
      {'path' in ink ? (
        <path className="sign-ink" d={ink.path} />
      ) : (
        <text className="sign-ink" x="10" y={ink.y} textAnchor="middle">
          {ink.character}
        </text>
      )}
    </svg>
  );
}
