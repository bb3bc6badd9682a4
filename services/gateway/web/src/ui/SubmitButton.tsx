import './SubmitButton.css';

interface SubmitButtonProps {
  children: string;
  /** True while what was sent is under way: a second press does nothing. */
  busy: boolean;
}

/** Sends the form it stands in; Enter in a field does the same. */
export function SubmitButton({ children, busy }: SubmitButtonProps) {
  return (
    <button type="submit" className="submit-button" disabled={busy}>
      {children}
    </button>
  );
}
