import { plantTimeAt } from '../live/plant-clock';
import { usePlantInstant } from '../live/LiveProvider';
import { useI18n } from '../i18n/I18nProvider';
import './None.css';

/** Says that there is nothing and when that was read: never a blank. `readAt` is a wall instant in ms. */
export function None({ readAt }: { readAt: number }) {
  const { t, time } = useI18n();
  const now = usePlantInstant();
  return <p className="none">{t('data.none', { time: time(plantTimeAt(now, readAt)) })}</p>;
}
