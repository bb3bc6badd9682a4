import './CommandForm.css';

interface LotPicksProps {
  label: string;
  lots: readonly string[];
  chosen: readonly string[];
  onChange(chosen: string[]): void;
}

/** Some of a few lots, each one tap away. */
export function LotPicks({ label, lots, chosen, onChange }: LotPicksProps) {
  const toggle = (lot: string) => onChange(chosen.includes(lot) ? chosen.filter((one) => one !== lot) : [...chosen, lot]);
  return (
    <div className="field-label" role="group" aria-label={label}>
      <span aria-hidden="true">{label}</span>
      <div className="lot-picks">
        {lots.map((lot) => (
          <label key={lot} className="lot-pick">
            <input type="checkbox" checked={chosen.includes(lot)} onChange={() => toggle(lot)} />
            {lot}
          </label>
        ))}
      </div>
    </div>
  );
}
