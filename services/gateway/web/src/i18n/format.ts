/** Numbers, instants, durations and units as people read them. */
import type { Language } from '../settings/browser';

const LOCALES: Record<Language, string> = { en: 'en-GB', de: 'de-DE', zh: 'zh-CN' };

const UNITS: Record<string, string> = {
  degc: '°C',
  degC: '°C',
  um: 'µm',
  ohm: 'Ω',
  ohm_cm2: 'Ω·cm²',
  ma: 'mA',
  ma_cm2: 'mA/cm²',
  ma_per_cm2: 'mA/cm²',
  mah: 'mAh',
  mah_per_cm2: 'mAh/cm²',
  ml_min: 'ml/min',
  mpa: 'MPa',
  nm: 'Nm',
  ppm_h: 'ppm·h',
  ratio: '',
  v: 'V',
  a: 'A',
  hz: 'Hz',
  s_cm: 'S/cm',
  ms_cm: 'mS/cm',
  '1': '',
};

/** Below this a number is written with a power of ten. */
const SMALLEST_PLAIN = 1e-4;
const RAISED: Record<string, string> = {
  '-': '⁻', '0': '⁰', '1': '¹', '2': '²', '3': '³', '4': '⁴', '5': '⁵', '6': '⁶', '7': '⁷', '8': '⁸', '9': '⁹',
};

export const NO_DATA = '–';

/** The unit as printed; a unit this table does not know is printed as it came. */
export function unitLabel(unit: string): string {
  return UNITS[unit] ?? unit;
}

/** Each unit that a name may end in, as the services have them; the longest that fits is cut off. */
const UNIT_SUFFIX = new RegExp(
  `_(${[
    'ohm_cm2 s_per_cm mg_per_cm2 g_per_cm3 mah_per_cm2 ma_per_cm2 mah_per_g degc_per_min ml_per_min mbar_l_per_s mpas ppm_h kj_per_mol',
    'degc ratio count mwh mah mbar mpa kpa ohm rpm deg cm2 ppm min hz kw ma mv um mm ul ml mg kg g h n s v a',
  ]
    .join(' ')
    .replaceAll(' ', '|')})$`,
);

/** `needle_voltage_v` becomes `needle_voltage`. */
export function withoutUnit(word: string): string {
  return word.replace(UNIT_SUFFIX, '');
}

/** A word of the services for people, when no text table has it: `leak_test` becomes `Leak test`. */
export function spelled(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).replaceAll('_', ' ');
}

export interface Formats {
  /** Four significant digits at most; whole numbers are never cut. */
  number(value: number): string;
  fixed(value: number, decimals: number): string;
  /** `ratio` 0-1 as per cent. */
  percent(ratio: number, decimals?: number): string;
  time(instantMs: number): string;
  date(instantMs: number): string;
  dateTime(instantMs: number): string;
  /** Without the year, for what is near to now and stands close. */
  dayTime(instantMs: number): string;
  /** The two largest parts of a duration, with SI symbols in every language. */
  duration(seconds: number): string;
}

export function formatsFor(language: Language): Formats {
  const locale = LOCALES[language];
  const clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
  const day = new Intl.DateTimeFormat(locale, { year: 'numeric', month: '2-digit', day: '2-digit' });
  const minute: Intl.DateTimeFormatOptions = { month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' };
  const calendar = new Intl.DateTimeFormat(locale, { year: 'numeric', ...minute });
  const withoutYear = new Intl.DateTimeFormat(locale, minute);
  const short = new Intl.NumberFormat(locale, { maximumSignificantDigits: 4 });
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  return {
    number: (value) => {
      const size = Math.abs(value);
      if (size > 0 && size < SMALLEST_PLAIN) return powerOfTen(value, short);
      return (size >= 1_000 ? whole : short).format(value);
    },
    fixed: (value, decimals) =>
      new Intl.NumberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value),
    percent: (ratio, decimals = 0) =>
      new Intl.NumberFormat(locale, {
        style: 'percent',
        minimumFractionDigits: decimals,
        maximumFractionDigits: decimals,
      }).format(ratio),
    time: (instantMs) => clock.format(instantMs),
    date: (instantMs) => day.format(instantMs),
    dateTime: (instantMs) => calendar.format(instantMs),
    dayTime: (instantMs) => withoutYear.format(instantMs),
    duration: durationText,
  };
}

/** `2.532×10⁻⁸`: a row of zeros is misread. */
function powerOfTen(value: number, mantissa: Intl.NumberFormat): string {
  const [factor = '', exponent = ''] = value.toExponential(3).split('e');
  const raised = [...exponent].map((sign) => RAISED[sign] ?? sign).join('');
  return `${mantissa.format(Number(factor))}×10${raised}`;
}

function durationText(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const parts = [
    { value: Math.floor(total / 86_400), unit: 'd' },
    { value: Math.floor(total / 3_600) % 24, unit: 'h' },
    { value: Math.floor(total / 60) % 60, unit: 'min' },
    { value: total % 60, unit: 's' },
  ];
  const first = parts.findIndex((part) => part.value > 0);
  if (first === -1) return '0 s';
  return parts
    .slice(first, first + 2)
    .map((part) => `${part.value}\u00a0${part.unit}`)
    .join(' ');
}
