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
  { id: 'genealogy', label: 'cell.genealogy' },
];

/** Jumps to the parts of a long page; stays in view. */
export function SectionBar() {
  const { t } = useI18n();
  return (
    <nav className="section-bar" aria-label={t('cell.sections')}>
      {SECTIONS.map(({ id, label }) => (
        <button key={id} type="button" onClick={() => document.getElementById(id)?.scrollIntoView()}>
          {t(label)}
        </button>
      ))}
    </nav>
  );
}
