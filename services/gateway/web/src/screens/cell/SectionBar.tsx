import type { MessageKey } from '../../i18n/en';
import { useI18n } from '../../i18n/I18nProvider';

const SECTIONS: readonly { id: string; label: MessageKey }[] = [
  { id: 'operations', label: 'cell.operations' },
  { id: 'time_limits', label: 'cell.time_limits' },
  { id: 'exposure', label: 'cell.exposure' },
  { id: 'gates', label: 'cell.gates' },
  { id: 'spray', label: 'cell.spray' },
  { id: 'formation', label: 'cell.formation' },
  { id: 'impedance', label: 'cell.spectrum' },
  { id: 'ccd', label: 'cell.ccd' },
  { id: 'genealogy', label: 'cell.genealogy' },
];

/** Jumps to the parts of a long page; stays in view. `without` is a part that this page does not have. */
export function SectionBar({ without }: { without: string | null }) {
  const { t } = useI18n();
  return (
    <nav className="section-bar" aria-label={t('cell.sections')}>
      {SECTIONS.filter(({ id }) => id !== without).map(({ id, label }) => (
        <button key={id} type="button" onClick={() => document.getElementById(id)?.scrollIntoView()}>
          {t(label)}
        </button>
      ))}
    </nav>
  );
}
