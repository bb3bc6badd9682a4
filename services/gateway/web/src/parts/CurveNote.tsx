import type { Curve } from '../api/types';
import { useI18n } from '../i18n/I18nProvider';

/** A reduced curve must say so: it has the lowest and the highest of each moment, and not every row between. */
export function CurveNote({ curve }: { curve: Curve }) {
  const { t, number } = useI18n();
  const shown = curve.time_s.length;
  const total = number(curve.row_count);
  if (shown >= curve.row_count) return t('formation.all_points', { total });
  return t('formation.points', { total, shown: number(shown) });
}
