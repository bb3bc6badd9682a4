import './ProgressBar.css';

interface ProgressBarProps {
  /** 0-1; anything beyond is drawn as full. */
  ratio: number;
  label: string;
  text: string;
  /** A second, hatched part after the first, 0-1: what is held. */
  heldRatio?: number;
}

export function ProgressBar({ ratio, label, text, heldRatio = 0 }: ProgressBarProps) {
  const done = Math.min(1, Math.max(0, ratio));
  const held = Math.min(1 - done, Math.max(0, heldRatio));
  return (
    <div
      className="progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(done * 100)}
      aria-valuetext={text}
    >
      <div className="progress-track">
        <div className="progress-done" style={{ width: `${done * 100}%` }} />
        <div className="progress-held" style={{ width: `${held * 100}%` }} />
      </div>
      <span className="progress-text live-value">{text}</span>
    </div>
  );
}
