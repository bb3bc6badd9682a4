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
  'request.cancelled': '{count} cancelled',
  'request.closed': 'Closed short',
  'request.close': 'Close short',
  'request.close_which': 'Close {request} short',
  'request.close_note': 'Nothing of it is begun any more; what waits for a station is cancelled, what runs is finished. Powder and pellets stay in stock. There is no way back.',
  'request.close_reason': 'Why',
  'request.under_way': 'Cells under way',
  'request.under_way.finish': 'Finish them',
  'request.under_way.hold': 'Hold them for a decision',
  'request.close_now': 'Close it short for good',
  'request.keep_open': 'Keep it open',

  'wip.operation': 'Operation',
  'wip.waiting': 'Waiting',
  'wip.running': 'Running',
  'wip.held': 'Held',
  'wip.ended': 'Done',
};
