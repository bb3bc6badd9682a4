import type { ReactNode } from 'react';
import { Mark, type MarkKind } from './Mark';
import './Notice.css';

/** A line that says what is wrong with what stands below it. */
export function Notice({ mark, children }: { mark: MarkKind; children: ReactNode }) {
  return (
    <div className="notice" role="status">
      <Mark kind={mark} />
      <div>{children}</div>
    </div>
  );
}
