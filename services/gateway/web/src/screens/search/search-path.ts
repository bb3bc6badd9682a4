/** The address that finds a lot, a cell or whatever else a code names. */
export const searchPath = (code: string): string => `/search?search=${encodeURIComponent(code)}`;
