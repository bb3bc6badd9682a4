import './Skeleton.css';

/** Grey bars while the first answer is on its way; unseen for the first 300 ms, so quick answers do not flicker. */
export function Skeleton({ label, rows = 6 }: { label: string; rows?: number }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="skeleton-bar" />
      ))}
    </div>
  );
}
