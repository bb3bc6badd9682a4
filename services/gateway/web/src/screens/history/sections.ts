/** The facts of a device history as lines of sections: many alike in one, each with what it stands on. */
import type { Evidence, HistoryDocument, HistoryGate, HistoryStep, Proved } from '../../api/history';
import { NO_DATA } from '../../i18n/format';
import type { I18n } from '../../i18n/I18nProvider';

export interface Line {
  what: string;
  of: string;
  says: string;
  evidence: readonly Evidence[];
}

export type SectionName = 'lots' | 'steps' | 'tests' | 'gates' | 'watched' | 'deviations' | 'signatures' | 'witnesses' | 'grades';

/** Above this many, lots are counted and not named. */
const MOST_NAMED = 6;

export function sectionsOf(document: HistoryDocument, i18n: I18n): [SectionName, Line[]][] {
  return [
    ['grades', grades(document, i18n)],
    ['lots', lots(document, i18n)],
    ['steps', document.steps.map((step) => stepLine(step, i18n))],
    ['tests', tests(document, i18n)],
    ['gates', gates(document.gates, i18n)],
    ['watched', watched(document, i18n)],
    ['deviations', deviations(document, i18n)],
    ['witnesses', document.witnesses.map((one) => line(one.lot_id, one.made_of.join(', '), inForce(one.gates), one))],
    ['signatures', document.signatures.map((one) => line(`${one.record_kind} ${one.record_id}`, one.lot_id, `${one.meaning}: ${one.printed_name}`, one))],
  ];
}

function line(what: string, of: string, says: string, ...proved: readonly Proved[]): Line {
  return { what, of, says, evidence: proved.flatMap((one) => one.evidence) };
}

function alike<Item>(items: readonly Item[], key: (item: Item) => string): Item[][] {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return [...groups.values()];
}

function named(lotIds: readonly string[], { t }: I18n): string {
  const once = [...new Set(lotIds)];
  return once.length > MOST_NAMED ? t('genealogy.lots', { count: once.length }) : once.join(', ');
}

function amount(value: number | string | null, unit: string, { number }: I18n): string {
  if (value === null) return NO_DATA;
  const shown = typeof value === 'number' ? number(value) : value;
  return unit === '1' ? shown : `${shown} ${unit}`;
}

function grades(document: HistoryDocument, i18n: I18n): Line[] {
  return document.grades.map((one) =>
    line(one.grade, document.lot_id, `${amount(one.discharge_capacity_mah, 'mAh', i18n)}${one.in_force ? '' : `, ${i18n.t('history.replaced')}`}`, one),
  );
}

function lots(document: HistoryDocument, i18n: I18n): Line[] {
  return alike(document.lots, (lot) => `${lot.material_definition_id} ${lot.unit} ${lot.origin ?? ''}`).map((group) => {
    const quantities = new Set(group.map((lot) => amount(lot.quantity, lot.unit, i18n)));
    const [first] = group;
    return line(first?.material_definition_id ?? '', named(group.map((lot) => lot.lot_id), i18n), [...quantities].join(', '), ...group);
  });
}

function stepLine(step: HistoryStep, { dateTime, word, t }: I18n): Line {
  const times = [step.started_at, step.ended_at].map((at) => (at === null ? NO_DATA : dateTime(Date.parse(at))));
  const recipe = step.recipe_id === null ? null : `${step.recipe_id} v${step.recipe_version ?? NO_DATA}`;
  const machine = [step.equipment_id, step.software_version, step.fixture_id, step.channel, recipe];
  const operators = step.operators.map((held) => t('history.operator_since', { person: held.operator ?? t('history.nobody'), time: dateTime(Date.parse(held.since_at)) }));
  const says = [...machine, ...step.furnace_load_ids, ...step.persons, ...operators, times.join(' – '), ...step.deviations, step.reason];
  const again = step.attempt > 1 ? ` (${t('history.attempt', { number: step.attempt })})` : '';
  const state = step.state === 'ended' ? '' : `, ${word('job_state', step.state)}`;
  return line(`${word('operation', step.operation)}${again}${state}`, step.lot_id, says.filter((one) => one !== null).join(', '), step);
}

function tests(document: HistoryDocument, i18n: I18n): Line[] {
  const { word, t } = i18n;
  const measured = alike(document.measurements, (one) => `${one.operation} ${one.characteristic} ${one.unit}`).map((group) => {
    const numbers = group.map((one) => one.value).filter((value) => typeof value === 'number');
    const unit = group[0]?.unit ?? '';
    const whole = numbers.length === group.length && numbers.length > 1;
    const range = [...new Set([Math.min(...numbers), Math.max(...numbers)].map((value) => amount(value, unit, i18n)))].join(' – ');
    const each = group.map((one) => (one.value === null ? `${t('history.kind_unknown')}: ${one.reason ?? NO_DATA}` : amount(one.value, unit, i18n)));
    const what = `${word('operation', group[0]?.operation ?? '')}: ${word('characteristic', group[0]?.characteristic ?? '')}`;
    return line(what, named(group.map((one) => one.lot_id), i18n), whole ? range : [...new Set(each)].join(', '), ...group);
  });
  const spectra = document.spectra.map((one) => line(t('cell.spectrum'), one.lot_id, `${one.point_count} · ${amount(one.temperature_degc, '°C', i18n)}`, one));
  const runs = document.cyclings.map((one) =>
    line(word('operation', one.operation), one.lot_id, `${one.protocol_id} v${one.protocol_version}, ${t(one.protocol_matches ? 'history.as_ordered' : 'history.not_as_ordered')}`, one),
  );
  const ages = document.glue_ages.map((one) => line(t('history.glue_age'), one.lot_id, one.age_s === null ? (one.reason ?? NO_DATA) : i18n.duration(one.age_s), one));
  return [...measured, ...spectra, ...runs, ...ages];
}

function gates(found: readonly HistoryGate[], i18n: I18n): Line[] {
  return alike(found, (one) => `${one.gate} ${one.disposition} ${one.in_force}`).map((group) => {
    const [first] = group;
    const reasons = [...new Set(group.map((one) => one.reason))];
    const more = reasons.length > 3 ? ` … (+${reasons.length - 3})` : '';
    const disposition = first === undefined ? '' : i18n.word('disposition', first.disposition);
    const replaced = first?.in_force === false ? ` (${i18n.t('history.replaced')})` : '';
    const what = `${i18n.word('gate_name', first?.gate ?? '')}: ${disposition}${replaced}`;
    return line(what, named(group.map((one) => one.lot_id), i18n), reasons.slice(0, 3).join('; ') + more, ...group);
  });
}

const inForce = (found: readonly HistoryGate[]) => found.filter((gate) => gate.in_force).map((gate) => gate.reason).join('; ') || NO_DATA;

function watched(document: HistoryDocument, { t, word, dateTime }: I18n): Line[] {
  const at = (text: string) => dateTime(Date.parse(text));
  return [
    ...document.time_limits.map((one) => line(word('time_limit', one.name), one.lot_id, `${word('limit_state', one.state)}, ${at(one.limit_at)}`, one)),
    ...document.exposures.map((one) => line(t('cell.exposure'), one.lot_id, `${word('exposure_state', one.state)}: ${one.reason ?? NO_DATA}${one.in_force ? '' : `, ${t('history.replaced')}`}`, one)),
    ...document.holds.map((one) =>
      line(`${t('history.kind_held')}: ${word('gate_name', one.gate)}`, one.lot_id, `${at(one.held_at)} – ${one.released_at === null ? t('history.lasts') : at(one.released_at)}: ${one.reason}`, one),
    ),
  ];
}

function deviations(document: HistoryDocument, { t }: I18n): Line[] {
  return [
    ...document.nonconformances.map((one) => line(one.nonconformance_id, one.lot_ids.join(', ') || t('history.siblings'), `${one.state}: ${one.description ?? NO_DATA}`, one)),
    ...document.waivers.map((one) => line(one.waiver_id, one.lot_ids.join(', '), `${one.state}, ${one.person}: ${one.reason}`, one)),
    ...document.recalls.map((one) => line(one.recall_id, one.lot_ids.join(', '), `${one.ended_at ?? t('history.lasts')}, ${one.person}: ${one.reason}`, one)),
  ];
}
