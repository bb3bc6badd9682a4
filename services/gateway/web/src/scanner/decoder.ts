/** What a wedge scanner types between its prefix (STX, sent as Ctrl+B) and its suffix (CR, sent as Enter).
 *  Keys are read by their place on the keyboard, as a scanner set to US layout means them, whatever layout the panel has. */

const DIGITS_SHIFTED: Record<string, string> = {
  '1': '!', '2': '@', '3': '#', '4': '$', '5': '%', '6': '^', '7': '&', '8': '*', '9': '(', '0': ')',
};
const SIGNS: Record<string, readonly [plain: string, shifted: string]> = {
  Space: [' ', ' '],
  Minus: ['-', '_'],
  Equal: ['=', '+'],
  BracketLeft: ['[', '{'],
  BracketRight: [']', '}'],
  Backslash: ['\\', '|'],
  Semicolon: [';', ':'],
  Quote: ["'", '"'],
  Comma: [',', '<'],
  Period: ['.', '>'],
  Slash: ['/', '?'],
  Backquote: ['`', '~'],
};
const PREFIX_CODE = 'KeyB';
const SUFFIX_CODES: ReadonlySet<string> = new Set(['Enter', 'NumpadEnter', 'Tab']);
const MODIFIERS = /^(Shift|Control|Alt|Meta|CapsLock)/;
/** A scan is given up this long after its last key, so that a lost suffix does not lock the keyboard. */
const GIVE_UP_MS = 1_500;
/** The same code again within this is the finger that did not let go of the trigger. */
const REPEAT_MS = 1_000;
const LONGEST = 200;

export interface KeyPress {
  code: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  /** A monotonic instant in ms. */
  at: number;
}

/** `taken`: the key belongs to a scan and must type nothing. `scanned`: the code that is complete with it. */
export interface Decoded {
  taken: boolean;
  scanned?: string;
}

export class ScanDecoder {
  private text: string | null = null;
  private heardAt = 0;
  private last: { text: string; at: number } | null = null;

  press(key: KeyPress): Decoded {
    if (key.ctrlKey && key.code === PREFIX_CODE) {
      this.text = '';
      this.heardAt = key.at;
      return { taken: true };
    }
    if (this.text !== null && key.at - this.heardAt > GIVE_UP_MS) this.text = null;
    if (this.text === null) return { taken: false };
    this.heardAt = key.at;
    if (MODIFIERS.test(key.code)) return { taken: true };
    if (SUFFIX_CODES.has(key.code)) return this.complete(this.text, key.at);
    this.text = this.text.length < LONGEST ? this.text + characterOf(key) : this.text;
    return { taken: true };
  }

  private complete(text: string, at: number): Decoded {
    this.text = null;
    const again = this.last !== null && this.last.text === text && at - this.last.at < REPEAT_MS;
    if (text.trim() === '' || again) return { taken: true };
    this.last = { text, at };
    return { taken: true, scanned: text.trim() };
  }
}

function characterOf({ code, shiftKey }: KeyPress): string {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter !== undefined) return shiftKey ? letter : letter.toLowerCase();
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(code)?.[1];
  if (digit !== undefined) return shiftKey ? (DIGITS_SHIFTED[digit] ?? '') : digit;
  const sign = SIGNS[code];
  return sign === undefined ? '' : sign[shiftKey ? 1 : 0];
}
