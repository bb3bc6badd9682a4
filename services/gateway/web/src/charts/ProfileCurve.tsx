import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Profile } from '../api/furnaces';
import { NO_DATA } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import { usePalette } from './palette';
import { useWidth } from './useWidth';

const HEIGHT = 340;
const SECONDS_PER_HOUR = 3_600;

interface ProfileCurveProps {
  profile: Profile;
  /** How far the run may lie from its setpoint while it soaks; null where the recipe does not say. */
  bandDegc: number | null;
}

/** Both thermocouples of a run over time, with its setpoint and the band around it. */
export default function ProfileCurve({ profile, bandDegc }: ProfileCurveProps) {
  const { t, number, fixed } = useI18n();
  const palette = usePalette();
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);

  useEffect(() => {
    if (host.current === null || width === 0) return undefined;
    const font = `12px ${palette.font}`;
    const axis = {
      stroke: palette.text,
      font,
      labelFont: font,
      ticks: { stroke: palette.line, width: 1 },
      grid: { stroke: palette.grid, width: 1 },
      values: (_: uPlot, values: number[]) => values.map((value) => number(value)),
    };
    const value = (_: uPlot, reading: number | null) => (reading === null ? NO_DATA : fixed(reading, 1));
    const curve = (label: string, stroke: string, more: Partial<uPlot.Series> = {}) => ({ label, stroke, width: 2, value, ...more });
    const shifted = (by: number) => profile.setpoint_degc.map((degc) => (degc === null ? null : degc + by));
    const edges = bandDegc === null ? [] : [shifted(bandDegc), shifted(-bandDegc)];
    const edge = (label: string) => curve(label, palette.soft, { width: 1, dash: [2, 4] });
    const edgeLabels = bandDegc === null ? [] : [t('furnace.band_high'), t('furnace.band_low')];
    const plot = new uPlot(
      {
        width,
        height: HEIGHT,
        cursor: { drag: { x: false, y: false } },
        scales: { x: { time: false } },
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
      },
      [
        profile.time_s.map((second) => (second ?? 0) / SECONDS_PER_HOUR),
        profile.setpoint_degc,
        profile.temperature_degc,
        profile.zone_degc,
        ...edges,
      ],
      host.current,
    );
    return () => plot.destroy();
  }, [profile, bandDegc, width, palette, t, number, fixed]);

  return <div ref={host} role="img" aria-label={t('furnace.profile')} />;
}
