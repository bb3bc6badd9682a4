import { useSodium, type SodiumPlace } from '../../api/stacks';
import { NO_DATA } from '../../i18n/format';
import { useI18n } from '../../i18n/I18nProvider';
import { DataView } from '../../parts/DataView';
import { None } from '../../parts/None';
import { Badge } from '../../ui/Badge';
import { DataTable, type Column } from '../../ui/DataTable';
import type { MarkKind } from '../../ui/Mark';
import { Notice } from '../../ui/Notice';
import { SodiumForms } from './SodiumForms';

const MARKS: Record<SodiumPlace['state'], MarkKind> = { within: 'good', near: 'near', over: 'bad' };

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
          {sodium.places.length === 0 ? <None readAt={readAt} /> : <PlaceTable places={sodium.places} />}
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

function PlaceTable({ places }: { places: readonly SodiumPlace[] }) {
  const { t, number } = useI18n();
  const columns: Column<SodiumPlace>[] = [
    { id: 'place', header: t('sodium.place'), cell: (place) => place.place_id },
    { id: 'water', header: t('sodium.water'), cell: (place) => t(`sodium.water_${place.water}`) },
    {
      id: 'grams',
      header: t('sodium.grams'),
      align: 'right',
      cell: (place) => t('sodium.of_limit', { grams: number(place.sodium_g), limit: number(place.limit_g) }),
    },
    {
      id: 'state',
      header: t('field.state'),
      cell: (place) => <Badge mark={MARKS[place.state]}>{t(`sodium.${place.state}`)}</Badge>,
    },
  ];
  return <DataTable dense label={t('sodium.title')} columns={columns} rows={places} rowKey={(place) => place.place_id} />;
}
