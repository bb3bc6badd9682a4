import type { SodiumPlace } from '../api/stacks';
import { useI18n } from '../i18n/I18nProvider';
import { Badge } from '../ui/Badge';
import { DataTable, type Column } from '../ui/DataTable';
import type { MarkKind } from '../ui/Mark';

const MARKS: Record<SodiumPlace['state'], MarkKind> = { within: 'good', near: 'near', over: 'bad' };

/** Grams of sodium in rooms and cabinets, each against its limit. */
export function SodiumTable({ places }: { places: readonly SodiumPlace[] }) {
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
