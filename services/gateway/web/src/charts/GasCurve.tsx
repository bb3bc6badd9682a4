import type uPlot from 'uplot';
import type { Profile } from '../api/furnaces';
import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import { SECONDS_PER_HOUR, useTimePlot } from './useTimePlot';

const HEIGHT = 260;
const PER_CENT = 100;
const OXYGEN_AXIS_PX = 80;

interface GasCurveProps {
  profile: Profile;
  /** The limits by which the gas is judged, from `gas_from_degc` on. */
  judged: Record<string, number | string>;
}

/** Oxygen and hydrogen in the chamber over time, with the limits that hold while it is hot. */
export default function GasCurve({ profile, judged }: GasCurveProps) {
  const { t, number } = useI18n();
  const host = useTimePlot(
    HEIGHT,
    ({ palette, axis }) => {
      const value = (_: uPlot, reading: number | null) => (reading === null ? NO_DATA : number(reading));
      const curve = (label: string, scale: string, stroke: string, more: Partial<uPlot.Series> = {}) => ({
        label,
        scale,
        stroke,
        width: 2,
        value,
        ...more,
      });
      const hotFrom = Number(judged['gas_from_degc'] ?? 0);
      // A limit is drawn where it holds: below its temperature the chamber is still purged.
      const limit = (name: string, factor: number) =>
        profile.temperature_degc.map((degc) => {
          const given = judged[name];
          return typeof given === 'number' && degc !== null && degc >= hotFrom ? given * factor : null;
        });
      const edge = { width: 1, dash: [2, 4] };
      const share = (ratio: number | null) => (ratio === null ? null : ratio * PER_CENT);
      // On a scale of powers of ten there is no zero.
      const above = (ppm: number | null) => (ppm === null || ppm <= 0 ? null : ppm);
      return {
        scales: { ppm: { distr: 3 }, hydrogen: { range: (_, __, high) => [0, Math.max(10, high)] } },
        axes: [
          { ...axis, label: t('furnace.time') },
          { ...axis, scale: 'ppm', size: OXYGEN_AXIS_PX, label: t('furnace.oxygen') },
          { ...axis, scale: 'hydrogen', side: 1, label: t('furnace.hydrogen'), grid: { show: false } },
        ],
        series: [
          { label: t('furnace.time'), value },
          curve(t('furnace.oxygen'), 'ppm', palette.first),
          curve(t('furnace.hydrogen'), 'hydrogen', palette.second, { dash: [6, 3] }),
          curve(t('furnace.oxygen_high'), 'ppm', palette.first, edge),
          curve(t('furnace.hydrogen_low'), 'hydrogen', palette.second, edge),
          curve(t('furnace.hydrogen_high'), 'hydrogen', palette.second, edge),
        ],
        data: [
          profile.time_s.map((second) => (second ?? 0) / SECONDS_PER_HOUR),
          (profile.oxygen_ppm ?? []).map(above),
          (profile.hydrogen_ratio ?? []).map(share),
          limit('highest_oxygen_ppm', 1),
          limit('lowest_hydrogen_ratio', PER_CENT),
          limit('highest_hydrogen_ratio', PER_CENT),
        ],
      };
    },
    [profile, judged, t, number],
  );
  return <div ref={host} role="img" aria-label={t('furnace.gas')} />;
}
