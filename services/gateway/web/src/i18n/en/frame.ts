/** English texts of the frame, of alarms and of data states. `{name}` is filled in by the caller. */
export const frame = {
  'nav.overview': 'Overview',
  'nav.search': 'Cells, lots',
  'nav.label': 'Screens',

  'frame.plant_time': 'Plant time',
  'frame.speed': 'Plant time runs {speed} times faster than the clock on the wall',
  'frame.language': 'Language',
  'frame.to_dark': 'Dark colours',
  'frame.to_light': 'Light colours',

  'link.connecting': 'Connecting',
  'link.live': 'Live',
  'link.stale': 'Stale {age}',
  'link.never': 'No connection',
  'link.stale_hint': 'No message from the plant for {age}. Struck values are old.',

  'alarm.label': 'Highest unacknowledged alarm',
  'alarm.priority': 'Priority {priority}',
  'alarm.more': '+{count} more',
  'alarm.none': 'No active alarms – checked {time}',
  'alarm.all_acknowledged': 'No unacknowledged alarms, {count} active – checked {time}',
  'alarm.unknown': 'Alarms unknown – last read {time}',
  'alarm.never_read': 'Alarms unknown – not read yet',

  'data.loading': 'Loading',
  'data.none': 'None – checked {time}',
  'data.old': 'The server does not answer ({reason}). Shown is the state of {time}.',
  'data.retry': 'Try again',
  'data.missing': 'No data',
  'data.bad_quality': 'Bad quality, last good value',
  'data.stale_quality': 'Stale value',

  'error.title': 'This could not be read',
  'error.unreachable': 'The server cannot be reached. The stations go on by themselves; tell the shift lead if this stays.',
  'error.permission': 'You have no permission to see this. Ask the shift lead.',
  'error.not_found': 'There is nothing with this id. Check it or search for a similar one.',
  'error.server': 'The server answered with an error ({status}). The other screens may still work.',
  'error.screen': 'This screen has failed. The other screens still work.',
  'error.reload': 'Load again',
  'error.no_screen': 'There is no such screen.',
};
