/** English texts of the set-aside events. `{name}` is filled in by the caller. */
export const setAside = {
  'set_aside.title': 'Set-aside events',
  'set_aside.explain':
    'A service could not handle these events of another one. Later events of the same lot wait behind them, others go on. Nothing is lost: retry when the cause is mended.',
  'set_aside.service': 'Service',
  'set_aside.source': 'From',
  'set_aside.subject': 'About',
  'set_aside.type': 'Event',
  'set_aside.error': 'What went wrong',
  'set_aside.attempts': 'Attempts',
  'set_aside.age': 'Waiting for',
  'set_aside.retry': 'Retry',
  'set_aside.retrying': 'Retrying …',
  'set_aside.failed': 'Not handled: {reason}',
  'set_aside.missing': 'Not asked: {services}',
};
