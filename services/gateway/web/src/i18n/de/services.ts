/** German texts of services and the wallboard. */
export const services = {
  'services.title': 'Dienste',
  'services.explain': 'Ein Dienst, der nicht bereit oder verspätet ist, schuldet vielleicht Alarme und Antworten; nichts geht verloren.',
  'services.service': 'Dienst',
  'services.state': 'Zustand',
  'services.ready': 'Bereit',
  'services.not_ready': 'Nicht bereit',
  'services.late': 'Verspätet',
  'services.oldest': 'Ältestes Ereignis wartet',
  'services.behind': 'Noch nicht gelesene Ereignisse',
  'services.aside': 'Beiseitegelegt',
  'wallboard.no_alarms': 'Keine aktiven Alarme',
  'wallboard.graded': '{graded} von {quantity} sortiert, {held} gesperrt',
  'nav.services': 'Dienste',
  'nav.wallboard': 'Wandtafel',
};
