/** German texts of the screen of one station. */
import type { station as english } from '../en/station';

export const station: Record<keyof typeof english, string> = {
  'station.unknown': 'Die Anlage hat keine Station {id}.',
  'station.now': 'Jetzt an der Station',
  'station.jobs': 'Neueste Aufträge',
  'station.job': 'Auftrag',
  'station.more': '{id} und {others} weitere',
  'station.began': 'Begann',
  'station.ended': 'Endete',
  'station.why': 'Grund',
  'station.paused': 'Angehalten',
  'station.pause': 'Anhalten',
  'station.resume': 'Fortsetzen',
  'station.again': 'Neu starten',
  'station.stop': 'Beenden',
  'station.abort': 'Abbrechen',
  'station.no': 'Nein, weiterlaufen lassen',
  'station.sure_stop': 'Jetzt beenden, mit dem bisher Erledigten?',
  'station.sure_abort': 'Endgültig aufgeben?',
  'station.pending': '{asked}, verlangt von {person}: wartet auf die Station',
  'station.may_not': 'Sie dürfen Aufträge ansehen, aber nicht anhalten, beenden oder abbrechen.',
  'station.offer': 'Was die Station bietet',
  'station.answers': 'Antwortet',
  'station.silent': 'Antwortet nicht',
  'station.endpoint': 'Adresse',
  'station.methods': 'Methoden',
};
