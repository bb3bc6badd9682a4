/** English texts of services and the wallboard. `{name}` is filled in by the caller. */
export const services = {
  'services.title': 'Services',
  'services.explain': 'A service that is not ready or late may owe alarms and answers; nothing of it is lost.',
  'services.service': 'Service',
  'services.state': 'State',
  'services.ready': 'Ready',
  'services.not_ready': 'Not ready',
  'services.late': 'Late',
  'services.oldest': 'Oldest event waits',
  'services.behind': 'Events not read yet',
  'services.aside': 'Set aside',
  'wallboard.no_alarms': 'No active alarms',
  'wallboard.graded': '{graded} of {quantity} graded, {held} held',
  'nav.services': 'Services',
  'nav.wallboard': 'Wallboard',
};
