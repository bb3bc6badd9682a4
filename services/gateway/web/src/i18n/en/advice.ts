/** English texts of failure advice. `{name}` is filled in by the caller. */
export const advice = {
  'advice.title': 'Failure advice',
  'advice.never_a_gate': 'Advice only: it holds and releases nothing. Gates decide by what is measured.',
  'advice.product': 'Product',
  'advice.too_few': 'No advice yet: {reason}',
  'advice.learned_from': 'Learned from',
  'advice.counts': '{cells} graded cells of {lots} lots, {failures} failed',
  'advice.loss': 'Log loss on cells left out',
  'advice.baseline': 'Log loss without figures',
  'advice.method': 'Method',
  'advice.not_better': 'It does not tell better than the rate of failures alone, so there is no advice.',
  'advice.cell': 'Cell',
  'advice.probability': 'May fail',
  'advice.reasons': 'What speaks for it',
};
