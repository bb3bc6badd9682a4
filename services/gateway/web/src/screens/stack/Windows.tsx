import type { StackWindow } from '../../api/stacks';
import { useI18n } from '../../i18n/I18nProvider';
import { usePlantInstant } from '../../live/LiveProvider';
import { Facts } from '../../ui/Facts';

/** The clocks of the cell that end with stacking, counted down on plant time. */
export function Windows({ windows }: { windows: readonly StackWindow[] }) {
  const { t, word, duration } = useI18n();
  const now = usePlantInstant();
  if (windows.length === 0) return <p>{t('stack.no_windows')}</p>;
  const left = (window: StackWindow) => {
    if (now === null) return t('data.missing');
    const seconds = (Date.parse(window.limit_at) - now.plantMs) / 1_000;
    if (window.limit_kind === 'max')
      return seconds > 0
        ? t('limit.remaining', { time: duration(seconds) })
        : t('limit.over', { time: duration(-seconds) });
    return seconds > 0 ? t('limit.wait', { time: duration(seconds) }) : t('limit.elapsed');
  };
  return (
    <Facts
      facts={windows.map((window) => ({
        name: word('time_limit', window.name),
        value: <span className="live-value">{left(window)}</span>,
      }))}
    />
  );
}
