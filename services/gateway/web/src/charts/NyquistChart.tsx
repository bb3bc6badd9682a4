import { useMemo, useRef } from 'react';
import type { Spectrum } from '../api/types';
import { useI18n } from '../i18n/I18nProvider';
import { EChart } from './EChart';
import type { EChartsType } from './echarts';
import { framedPoints, nyquistRanges } from './nyquist-ranges';
import { usePalette } from './palette';
import { useWidth } from './useWidth';

const HEIGHT = 360;
const MARGIN = { left: 64, right: 20, top: 16, bottom: 48 };

const SYMBOLS = ['circle', 'triangle', 'rect', 'diamond', 'emptyCircle', 'emptyTriangle', 'emptyRect', 'emptyDiamond'];

export interface NamedSpectrum {
  name: string;
  spectrum: Spectrum;
}

interface Point {
  value: [real: number, minusImag: number];
  frequencyHz: number;
  name: string;
}

/**
 * −Z'' over Z' with the same px per ohm on both axes, so that a semicircle is round. Tap a point for its frequency.
 * At most `MOST_SERIES` spectra, each with a colour and a symbol, which an empty place keeps from the others; who shows
 * several says in a legend which is which.
 */
export default function NyquistChart({ spectra }: { spectra: readonly (NamedSpectrum | null)[] }) {
  const { t, number } = useI18n();
  const palette = usePalette();
  const host = useRef<HTMLDivElement>(null);
  const width = useWidth(host);

  const series = useMemo(() => spectra.map(pointsOf), [spectra]);
  const framed = useMemo(() => series.map((points) => framedPoints(points)), [series]);
  const outside = series.flat().length - framed.flat().length;

  const option = useMemo(() => {
    const plot = { width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
    const ranges = nyquistRanges(framed.flat().map((point) => point.value), plot);
    const text = { color: palette.text, fontFamily: palette.font };
    const axis = (range: { min: number; max: number }, name: string, nameGap: number) => ({
      type: 'value',
      ...range,
      interval: ranges.step,
      name,
      nameLocation: 'middle',
      nameGap,
      nameTextStyle: text,
      axisLabel: { ...text, showMaxLabel: false, formatter: (value: number) => number(value) },
      axisLine: { lineStyle: { color: palette.line } },
      splitLine: { lineStyle: { color: palette.grid } },
    });
    return {
      animation: false,
      grid: { ...MARGIN, outerBoundsMode: 'none' },
      xAxis: axis(ranges.real, t('spectrum.real'), 28),
      yAxis: axis(ranges.minusImag, t('spectrum.imag'), 44),
      tooltip: {
        trigger: 'item',
        triggerOn: 'mousemove|click',
        confine: true,
        backgroundColor: palette.raised,
        textStyle: text,
        formatter: ({ data }: { data: Point }) =>
          `${spectra.length > 1 ? `${data.name}<br>` : ''}${t('spectrum.frequency')} ${number(data.frequencyHz)} Hz<br>` +
          `${number(data.value[0])} − ${number(data.value[1])} j Ω`,
      },
      series: framed.map((data, index) => ({
        type: 'scatter',
        symbol: SYMBOLS[index],
        symbolSize: 8,
        itemStyle: { color: palette.series[index] },
        data,
      })),
    };
  }, [framed, spectra, width, palette, t, number]);

  return (
    <div ref={host}>
      {width > 0 && (
        <EChart label={t('spectrum.nyquist')} width={width} height={HEIGHT} option={option} onDrawn={stateScale} />
      )}
      {outside > 0 && <p>{t('spectrum.outside', { count: outside })}</p>}
    </div>
  );
}

function pointsOf(named: NamedSpectrum | null): Point[] {
  if (named === null) return [];
  const { name, spectrum } = named;
  return spectrum.z_real_ohm.map((real, index) => ({
    value: [real, -(spectrum.z_imag_ohm[index] ?? Number.NaN)],
    frequencyHz: spectrum.frequency_hz[index] ?? Number.NaN,
    name,
  }));
}

/** Leaves the drawn px per ohm of both axes on the element, where a test can read that they are equal. */
function stateScale(chart: EChartsType, element: HTMLElement): void {
  const at = (value: [number, number]): number[] => chart.convertToPixel('grid', value);
  const [x0 = 0, y0 = 0] = at([0, 0]);
  const [x1 = 0, y1 = 0] = at([1, 1]);
  element.dataset['pxPerOhmReal'] = (x1 - x0).toFixed(3);
  element.dataset['pxPerOhmImag'] = (y0 - y1).toFixed(3);
}
