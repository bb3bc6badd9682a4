/** English texts of the line overview. `{name}` is filled in by the caller. */
export const overview = {
  'overview.requests': 'Work requests',
  'overview.wip': 'Work in process',
  'overview.services_down': 'Not answering: {services}. What they own may be old.',
  'overview.events_wait':
    'Events wait for {age} in {services}. None is lost; they go on when the broker is back.',
  'overview.set_aside': 'Events set aside: {count}. A service could not handle them.',
  'overview.to_set_aside': 'Look at them',
  'overview.stale_for': 'no data for {age}',
  'overview.no_job': 'No job order',
  'overview.progress': 'Progress of the job order',

  'request.graded': '{graded} of {quantity} graded',
  'request.held': '{count} held',
  'request.scrapped': '{count} scrapped',

  'wip.operation': 'Operation',
  'wip.waiting': 'Waiting',
  'wip.running': 'Running',
  'wip.held': 'Held',
  'wip.ended': 'Done',
};
