import type { MessageKey } from '../i18n/en';
import { useI18n } from '../i18n/I18nProvider';
import { Facts } from '../ui/Facts';

/** As `docs/reference/cycle-figures.md` defines them; Q charge, E energy, c charge, d discharge, n the cycle. */
const FORMULAS: readonly [MessageKey, string][] = [
  ['formation.charge', 'Qc = Σ Q(step end)'],
  ['formation.discharge', 'Qd = Σ Q(step end)'],
  ['formation.efficiency', 'Qd / Qc ± √2 · CE · u · range / |I|'],
  ['formation.energy_efficiency', 'Ed / Ec'],
  ['formation.retention', 'Qd(n) / Qd(ref)'],
  ['formation.mean_charge', 'Ec / Qc'],
  ['formation.mean_discharge', 'Ed / Qd'],
  ['formation.cv_share', 'Qc(CV) / Qc'],
];

/** How each figure of the cycle table is made of the tester's own step ends. */
export function CycleFormulas() {
  const { t } = useI18n();
  return (
    <details>
      <summary>{t('formation.formulas')}</summary>
      <p>{t('formation.formulas_explain')}</p>
      <Facts facts={FORMULAS.map(([key, formula]) => ({ name: t(key), value: formula }))} />
    </details>
  );
}
