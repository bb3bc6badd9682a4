import type uPlot from 'uplot';
import type { Profile } from '../api/furnaces';
import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import { SECONDS_PER_HOUR, useTimePlot } from './useTimePlot';

const HEIGHT = 340;

interface ProfileCurveProps {
  profile: Profile;
  /** How far the run may lie from its setpoint while it soaks; null where the recipe does not say. */
  bandDegc: number | null;
}

/** Both thermocouples of a run over time, with its setpoint and the band around it. */
export default function ProfileCurve({ profile, bandDegc }: ProfileCurveProps) {
  const { t, fixed } = useI18n();
  const host = useTimePlot(
    HEIGHT,
    ({ palette, axis }) => {
      const value = (_: uPlot, reading: number | null) => (reading === null ? NO_DATA : fixed(reading, 1));
      const curve = (label: string, stroke: string, more: Partial<uPlot.Series> = {}) => ({ label, stroke, width: 2, value, ...more });
      const shifted = (by: number) => profile.setpoint_degc.map((degc) => (degc === null ? null : degc + by));
      const edges = bandDegc === null ? [] : [shifted(bandDegc), shifted(-bandDegc)];
      const edge = (label: string) => curve(label, palette.soft, { width: 1, dash: [2, 4] });
      const edgeLabels = bandDegc === null ? [] : [t('furnace.band_high'), t('furnace.band_low')];
      return {
        axes: [
          { ...axis, label: t('furnace.time') },
          { ...axis, label: t('furnace.temperature') },
        ],
        series: [
          { label: t('furnace.time'), value },
          curve(t('furnace.setpoint'), palette.line, { dash: [8, 4] }),
          curve(t('furnace.control'), palette.first),
          curve(t('furnace.zone'), palette.second, { dash: [6, 3] }),
          ...edgeLabels.map(edge),
        ],
        data: [
          profile.time_s.map((second) => (second ?? 0) / SECONDS_PER_HOUR),
          profile.setpoint_degc,
          profile.temperature_degc,
          profile.zone_degc,
          ...edges,
        ],
      };
    },
    [profile, bandDegc, t, fixed],
  );
  return <div ref={host} role="img" aria-label={t('furnace.profile')} />;
}
