/** German texts of sign-in, sign-out and the persons of the plant. */
import type { session as english } from '../en/session';

export const session: Record<keyof typeof english, string> = {
  'nav.persons': 'Personen',

  'session.sign_in': 'Anmelden',
  'session.sign_out': 'Abmelden',
  'session.login': 'Anmeldename',
  'session.password': 'Passwort',
  'session.by_badge': 'Mit Ausweis anmelden',
  'session.by_password': 'Mit Passwort anmelden',
  'session.by_openid': 'Mit {name} anmelden',
  'session.badge': 'Ausweis',
  'session.pin': 'PIN',
  'session.badge_note': 'Ausweis an den Leser halten, dann die PIN eingeben.',
  'session.choose': 'Passwort wählen',
  'session.choose_why':
    '{name}, das Passwort, mit dem Sie gekommen sind, kennt noch jemand. Wählen Sie eines mit 12 oder mehr Zeichen.',
  'session.old_password': 'Passwort bisher',
  'session.new_password': 'Neues Passwort',
  'session.repeat_password': 'Neues Passwort noch einmal',
  'session.differ': 'Die beiden neuen Passwörter sind verschieden.',

  'persons.title': 'Personen',
  'persons.name': 'Name',
  'persons.roles': 'Rollen',
  'persons.seen': 'Zuletzt hier',
  'persons.change': 'Ändern',
  'persons.active': 'Aktiv',
  'persons.new': 'Muss ein Passwort wählen',
  'persons.disabled': 'Gesperrt',
  'persons.enable': 'Freigeben',
  'persons.disable': 'Sperren',
  'persons.yourself': 'Sie selbst',
  'persons.first_password': 'Passwort für die nächste Anmeldung',
  'persons.reset': 'Zurücksetzen',
  'persons.add': 'Person hinzufügen',
  'persons.add_note': 'Das Passwort gilt einmal: bei der ersten Anmeldung wird ein anderes gewählt.',

  'role.viewer': 'Betrachter',
  'role.operator': 'Bediener',
  'role.planner': 'Planung',
  'role.engineer': 'Prozessingenieur',
  'role.quality': 'Qualität',
  'role.maintenance': 'Instandhaltung',
  'role.administrator': 'Verwaltung',
};
