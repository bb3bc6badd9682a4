/** German texts of the frame, of alarms and of data states. */
import type { frame as english } from '../en/frame';

export const frame: Record<keyof typeof english, string> = {
  'nav.overview': 'Übersicht',
  'nav.alarms': 'Alarme',
  'nav.losses': 'Verluste',
  'nav.search': 'Zellen, Lose',
  'nav.furnaces': 'Öfen',
  'nav.stack': 'Stapeln, Siegeln',
  'nav.spray': 'Sprühen',
  'nav.set_aside': 'Zurückgelegt',
  'nav.trust': 'Zertifikate',
  'nav.label': 'Bildschirme',

  'frame.plant_time': 'Anlagenzeit',
  'frame.speed': 'Die Anlagenzeit läuft {speed}-mal schneller als die Wanduhr',
  'frame.language': 'Sprache',
  'frame.to_dark': 'Dunkle Farben',
  'frame.to_light': 'Helle Farben',

  'link.connecting': 'Verbinde',
  'link.live': 'Live',
  'link.stale': 'Veraltet {age}',
  'link.never': 'Keine Verbindung',
  'link.stale_hint': 'Seit {age} keine Nachricht von der Anlage. Durchgestrichene Werte sind alt.',

  'alarm.label': 'Höchster unquittierter Alarm',
  'alarm.priority': 'Priorität {priority}',
  'alarm.more': '+{count} weitere',
  'alarm.none': 'Keine aktiven Alarme – geprüft {time}',
  'alarm.all_acknowledged': 'Keine unquittierten Alarme, {count} aktiv – geprüft {time}',
  'alarm.unknown': 'Alarme unbekannt – zuletzt gelesen {time}',
  'alarm.silent': 'Keine Alarme bekannt, aber keine Antwort von: {services}',
  'alarm.never_read': 'Alarme unbekannt – noch nicht gelesen',
  'alarm.acknowledge': 'Quittieren',
  'alarm.acknowledging': 'Wird quittiert …',
  'alarm.not_acknowledged': 'Nicht quittiert: {reason}',
  'alarm.no_answer': 'der Server antwortet nicht',

  'data.loading': 'Wird geladen',
  'data.none': 'Keine – geprüft {time}',
  'data.old': 'Der Server antwortet nicht ({reason}). Gezeigt wird der Stand von {time}.',
  'data.retry': 'Erneut versuchen',
  'data.missing': 'Keine Daten',
  'data.bad_quality': 'Schlechte Qualität, letzter guter Wert',
  'data.stale_quality': 'Veralteter Wert',
  'data.partial':
    'Nicht alles auf dieser Seite konnte gelesen werden. Der Rest gilt wie gezeigt; was fehlt, wird von selbst erneut gelesen.',
  'data.not_read': 'Nicht bekannt – das konnte nicht gelesen werden',

  'error.title': 'Das konnte nicht gelesen werden',
  'error.unreachable':
    'Der Server ist nicht erreichbar. Die Stationen laufen selbständig weiter; bleibt es so, die Schichtleitung rufen.',
  'error.permission': 'Keine Berechtigung für diese Ansicht. Bitte die Schichtleitung fragen.',
  'error.not_found': 'Zu dieser Kennung gibt es nichts. Bitte prüfen oder nach einer ähnlichen suchen.',
  'error.server': 'Der Server meldet einen Fehler ({status}). Die anderen Bildschirme können weiter gehen.',
  'error.screen': 'Dieser Bildschirm ist ausgefallen. Die anderen gehen weiter.',
  'error.reload': 'Neu laden',
  'error.no_screen': 'Diesen Bildschirm gibt es nicht.',
};
