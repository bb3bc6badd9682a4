/** German texts of the comparison of cells. */
import type { compare as english } from '../en/compare';

export const compare: Record<keyof typeof english, string> = {
  'compare.title': 'Zellen vergleichen',
  'compare.link': 'Mit anderen vergleichen',
  'compare.pick': 'Vergleichen',
  'compare.picked': '{count} Zellen vergleichen',
  'compare.add': 'Zelle hinzufügen: Kennung eingeben oder scannen',
  'compare.remove': '{id} herausnehmen',
  'compare.few': 'Zwei bis acht Zellen wählen.',
  'compare.most': 'Höchstens acht Zellen werden verglichen; erst eine herausnehmen.',
  'compare.figures': 'Kennwerte',
  'compare.figure': 'Kennwert',
  'compare.voltage': 'Spannung über der Zeit',
  'compare.curves': 'Spannung von {count} Zellen über der Zeit',
  'compare.first_charge': 'Erste Ladung',
  'compare.first_discharge': 'Erste Entladung',
  'compare.ice': 'Wirkungsgrad des ersten Zyklus',
  'compare.last_discharge': 'Entladung, letzter Zyklus',
  'compare.retention': 'Kapazitätserhalt',
  'compare.unread': '{id} konnte nicht gelesen werden: {reason}',
  'compare.without': 'Ohne Kurve: {ids}',
};
