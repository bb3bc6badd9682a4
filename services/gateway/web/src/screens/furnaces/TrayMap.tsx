import type { PartHeat } from '../../api/furnaces';
import { useI18n, type I18n } from '../../i18n/I18nProvider';

/** A furnace load of more trays than this is told by its table alone. */
const MOST_TRAYS = 40;

/** The trays from above, the top one first: which places left the band, which are not known. */
export function TrayMap({ parts }: { parts: readonly PartHeat[] }) {
  const { t } = useI18n();
  const trays = Map.groupBy(parts, (part) => part.tray);
  const width = Math.max(0, ...parts.map((part) => part.position));
  if (trays.size === 0 || trays.size > MOST_TRAYS) return null;
  const numbers = [...trays.keys()].sort((one, other) => other - one);
  return (
    <div className="trays" role="img" aria-label={t('furnace.tray_map')}>
      {numbers.map((number) => (
        <div key={number} className="tray">
          <span className="tray-name">{t('furnace.tray_number', { number })}</span>
          {Array.from({ length: width }, (_, index) => index + 1).map((position) => (
            <Place key={position} position={position} part={trays.get(number)?.find((part) => part.position === position)} />
          ))}
        </div>
      ))}
    </div>
  );
}

function Place({ position, part }: { position: number; part: PartHeat | undefined }) {
  const { t } = useI18n();
  if (part === undefined) return <span className="tray-place tray-empty" />;
  const [kind, sign] = lookOf(part);
  return (
    <span className={`tray-place tray-${kind}`} title={`${position}: ${part.lot_id} – ${told(part, t)}`}>
      {sign}
    </span>
  );
}

function lookOf(part: PartHeat): [string, string] {
  if (part.unknown_reason !== null) return ['unknown', '?'];
  if (part.deviations === null) return ['waiting', ''];
  return part.deviations.length > 0 ? ['bad', '×'] : ['good', '·'];
}

function told(part: PartHeat, t: I18n['t']): string {
  if (part.unknown_reason !== null) return t('furnace.unknown', { reason: part.unknown_reason });
  if (part.deviations === null) return t('furnace.not_judged');
  return part.deviations.length > 0 ? part.deviations.join('; ') : t('furnace.clean');
}

/** The places that left their band, by what of the run they left: `soak 1 at 1200 °C`, tray 1: 20–30. */
export function DeviatingPlaces({ parts }: { parts: readonly PartHeat[] }) {
  const { t } = useI18n();
  const touched = Map.groupBy(
    parts.flatMap((part) => (part.deviations ?? []).map((deviation) => ({ part, what: deviation.split(':')[0] ?? deviation }))),
    ({ what }) => what,
  );
  if (touched.size === 0) return <p>{t('furnace.no_place')}</p>;
  return (
    <ul>
      {[...touched].map(([what, found]) => (
        <li key={what}>
          <strong>{what}</strong> – {spelled(found.map(({ part }) => part), t)}
        </li>
      ))}
    </ul>
  );
}

function spelled(parts: readonly PartHeat[], t: I18n['t']): string {
  return [...Map.groupBy(parts, (part) => part.tray)]
    .sort(([one], [other]) => one - other)
    .map(([number, on]) => `${t('furnace.tray_number', { number })}: ${ranges(on.map((part) => part.position))}`)
    .join('; ');
}

function ranges(given: readonly number[]): string {
  const spans: [number, number][] = [];
  for (const position of [...new Set(given)].sort((one, other) => one - other)) {
    const last = spans.at(-1);
    if (last !== undefined && last[1] === position - 1) last[1] = position;
    else spans.push([position, position]);
  }
  return spans.map(([from, to]) => (from === to ? String(from) : `${from}–${to}`)).join(', ');
}
