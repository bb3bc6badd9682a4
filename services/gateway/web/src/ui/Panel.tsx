import { useId, type ReactNode } from 'react';
import './Panel.css';

interface PanelProps {
  title: string;
  note?: ReactNode;
  id?: string;
  children: ReactNode;
}

/** A titled part of a screen; `note` stands at the right of the title. */
export function Panel({ title, note, id, children }: PanelProps) {
  const titleId = useId();
  return (
    <section className="panel" id={id} aria-labelledby={titleId}>
      <header className="panel-header">
        <h2 id={titleId}>{title}</h2>
        {note !== undefined && <div className="panel-note">{note}</div>}
      </header>
      {children}
    </section>
  );
}
