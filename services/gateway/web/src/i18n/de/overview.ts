/** German texts of the line overview. */
import type { overview as english } from '../en/overview';

export const overview: Record<keyof typeof english, string> = {
  'overview.requests': 'Arbeitsanforderungen',
  'overview.wip': 'Umlaufbestand',
  'overview.services_down': 'Ohne Antwort: {services}. Deren Angaben können alt sein.',
  'overview.events_wait':
    'Ereignisse warten seit {age} in {services}. Keines ist verloren; sie gehen weiter, sobald der Broker zurück ist.',
  'overview.set_aside': 'Zurückgelegte Ereignisse: {count}. Ein Dienst konnte sie nicht verarbeiten.',
  'overview.to_set_aside': 'Ansehen',
  'overview.stale_for': 'keine Daten seit {age}',
  'overview.no_job': 'Kein Auftrag',
  'overview.progress': 'Fortschritt des Auftrags',

  'request.graded': '{graded} von {quantity} eingestuft',
  'request.held': '{count} gesperrt',
  'request.scrapped': '{count} Ausschuss',
  'request.cancelled': '{count} storniert',
  'request.closed': 'Vorzeitig geschlossen',
  'request.close': 'Vorzeitig schließen',
  'request.close_which': '{request} vorzeitig schließen',
  'request.close_note': 'Nichts davon wird mehr begonnen; was auf eine Station wartet, wird storniert, was läuft, wird fertig. Pulver und Pellets bleiben im Bestand. Es gibt kein Zurück.',
  'request.close_reason': 'Grund',
  'request.under_way': 'Begonnene Zellen',
  'request.under_way.finish': 'Fertigstellen',
  'request.under_way.hold': 'Für eine Entscheidung sperren',
  'request.close_now': 'Endgültig schließen',
  'request.keep_open': 'Offen lassen',

  'wip.operation': 'Arbeitsgang',
  'wip.waiting': 'Wartend',
  'wip.running': 'Laufend',
  'wip.held': 'Gesperrt',
  'wip.ended': 'Fertig',
};
