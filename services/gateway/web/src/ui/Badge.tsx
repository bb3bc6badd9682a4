import './Badge.css';
import { Mark, type MarkKind } from './Mark';

/** A word of state with its symbol. */
export function Badge({ mark, children }: { mark: MarkKind | null; children: string }) {
  return (
    <span className="badge">
      {mark !== null && <Mark kind={mark} />}
      <span>{children}</span>
    </span>
  );
}
