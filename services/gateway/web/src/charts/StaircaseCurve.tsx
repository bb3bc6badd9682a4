import uPlot from 'uplot';
import type { Ccd, Curve } from '../api/types';
import { NO_DATA, unitLabel } from '../i18n/format';
import { useI18n } from '../i18n/I18nProvider';
import './FormationCurve.css';
import type { Palette } from './palette';
import { voltageRange } from './staircase-range';
import { SECONDS_PER_HOUR, useTimePlot } from './useTimePlot';

const HEIGHT = 320;
/** So much of both scales that the word at the cross stands free. */
const HEADROOM = 1.25;
const CROSS_PX = 6;
/** How far below a level a tester may run it and still mean it. */
const STEP_TOLERANCE = 0.01;
const STEPPED = uPlot.paths.stepped?.({ align: 1 });

interface StaircaseCurveProps {
  curve: Curve;
  /** What the currents are divided by, in cm². */
  areaCm2: number;
  ccd: Ccd;
}

/**
 * The levels of a staircase over time, without their direction, which the voltage shows; the highest level that was
 * survived and the first that was not are lines, and the critical current density lies between them.
 */
export default function StaircaseCurve({ curve, areaCm2, ccd }: StaircaseCurveProps) {
  const { t, fixed, number } = useI18n();
  const densities = curve.current_ma.map((current) => Math.abs(current) / areaCm2);
  const failed = ccd.failed_ma_per_cm2;
  const begun = failed === null ? -1 : densities.findIndex((density) => density >= failed * (1 - STEP_TOLERANCE));
  const { limitV, beyondV } = voltageRange(curve.voltage_v, begun);
  const host = useTimePlot(
    HEIGHT,
    ({ palette, axis }) => {
      const reading = (_: uPlot, value: number | null) => (value === null ? NO_DATA : fixed(value, 3));
      const level = (value: number | null) => curve.time_s.map(() => value);
      const hours = curve.time_s.map((second) => second / SECONDS_PER_HOUR);
      const cross = (plot: uPlot) => {
        if (failed === null || begun < 0) return;
        const said = `${t('ccd.failed')}: ${number(failed)} ${unitLabel('ma_per_cm2')}`;
        drawCross(plot, hours[begun] ?? 0, failed, said, palette);
      };
      return {
        scales: {
          j: { range: (_, __, highest) => [0, highest * HEADROOM] },
          v: { range: [-limitV * HEADROOM, limitV * HEADROOM] },
        },
        hooks: { draw: [cross] },
        axes: [
          { ...axis, label: t('formation.time') },
          { ...axis, scale: 'j', label: t('ccd.density') },
          { ...axis, scale: 'v', side: 1, label: t('formation.voltage'), grid: { show: false } },
        ],
        series: [
          { label: t('formation.time'), value: reading },
          { label: t('ccd.density'), scale: 'j', stroke: palette.first, width: 2, value: reading, ...(STEPPED && { paths: STEPPED }) },
          { label: t('formation.voltage'), scale: 'v', stroke: palette.second, width: 1, value: reading },
          { label: t('ccd.survived'), scale: 'j', stroke: palette.text, width: 1.5, points: { show: false }, value: reading },
          { label: t('ccd.failed'), scale: 'j', stroke: palette.warn, width: 2, dash: [6, 4], points: { show: false }, value: reading },
        ],
        data: [
          hours,
          densities,
          curve.voltage_v,
          level(ccd.survived_ma_per_cm2),
          level(ccd.failed_ma_per_cm2),
        ],
      };
    },
    [curve, areaCm2, ccd, t, fixed, number],
  );
  return (
    <>
      <div ref={host} className="formation-curve" role="img" aria-label={t('ccd.chart')} />
      {beyondV !== null && <p>{t('ccd.beyond', { limit: fixed(limitV * HEADROOM, 3), highest: fixed(beyondV, 3) })}</p>}
    </>
  );
}

/** A cross where the first level that was not survived begins, and what it is, beside it where there is room. */
function drawCross(plot: uPlot, hours: number, density: number, said: string, palette: Palette) {
  const { ctx } = plot;
  const px = uPlot.pxRatio;
  const [x, y, arm] = [plot.valToPos(hours, 'x', true), plot.valToPos(density, 'j', true), CROSS_PX * px];
  ctx.save();
  ctx.strokeStyle = palette.text;
  ctx.lineWidth = 3 * px;
  ctx.beginPath();
  ctx.moveTo(x - arm, y - arm);
  ctx.lineTo(x + arm, y + arm);
  ctx.moveTo(x - arm, y + arm);
  ctx.lineTo(x + arm, y - arm);
  ctx.stroke();
  ctx.font = `600 ${12 * px}px ${palette.font}`;
  ctx.textBaseline = 'bottom';
  const length = ctx.measureText(said).width;
  const before = x - 2 * arm - length;
  const [left, bottom] = [before > plot.bbox.left ? before : x + 2 * arm, y - 3 * px];
  ctx.fillStyle = palette.panel;
  ctx.fillRect(left, bottom, length, -14 * px);
  ctx.fillStyle = palette.text;
  ctx.fillText(said, left, bottom);
  ctx.restore();
}
