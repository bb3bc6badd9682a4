import { useSodium } from '../../api/stacks';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { SodiumTable } from '../../parts/SodiumTable';
import { Notice } from '../../ui/Notice';
import { SodiumForms } from './SodiumForms';

/** Grams of sodium in each room and cabinet against its limit; sodium that nobody placed is said first. */
export function SodiumPlaces() {
  const { t, number } = useI18n();
  const query = useSodium();
  return (
    <DataView query={query}>
      {(sodium, readAt) => (
        <>
          {sodium.unplaced_g > 0 && (
            <Notice mark="unknown">{t('sodium.unplaced', { grams: number(sodium.unplaced_g) })}</Notice>
          )}
          {sodium.places.length === 0 ? <None readAt={readAt} /> : <SodiumTable places={sodium.places} />}
          {sodium.cells.map((cells) => (
            <p key={cells.equipment_id ?? ''}>
              {t('sodium.in_cells', {
                count: cells.cell_count,
                place: cells.equipment_id ?? NO_DATA,
                grams: number(cells.sodium_g),
              })}
            </p>
          ))}
          <SodiumForms sodium={sodium} />
        </>
      )}
    </DataView>
  );
}
