/** German texts of the set-aside events. */
import type { setAside as english } from '../en/setaside';

export const setAside: Record<keyof typeof english, string> = {
  'set_aside.title': 'Zurückgelegte Ereignisse',
  'set_aside.explain':
    'Ein Dienst konnte diese Ereignisse eines anderen nicht verarbeiten. Spätere desselben Loses warten dahinter, andere gehen weiter. Nichts ist verloren: erneut versuchen, wenn die Ursache behoben ist.',
  'set_aside.service': 'Dienst',
  'set_aside.source': 'Von',
  'set_aside.subject': 'Über',
  'set_aside.type': 'Ereignis',
  'set_aside.error': 'Was schiefging',
  'set_aside.attempts': 'Versuche',
  'set_aside.age': 'Wartet seit',
  'set_aside.retry': 'Erneut versuchen',
  'set_aside.retrying': 'Wird versucht …',
  'set_aside.failed': 'Nicht verarbeitet: {reason}',
  'set_aside.missing': 'Nicht gefragt: {services}',
};
