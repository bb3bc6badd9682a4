/** German texts of failure advice. */
export const advice = {
  'advice.title': 'Ausfallhinweise',
  'advice.never_a_gate': 'Nur ein Hinweis: er sperrt nichts und gibt nichts frei. Prüfpunkte entscheiden nach Messungen.',
  'advice.product': 'Produkt',
  'advice.too_few': 'Noch kein Hinweis: {reason}',
  'advice.learned_from': 'Gelernt aus',
  'advice.counts': '{cells} eingestuften Zellen aus {lots} Losen, {failures} durchgefallen',
  'advice.loss': 'Log-Verlust ausgelassener Zellen',
  'advice.baseline': 'Log-Verlust ohne Messwerte',
  'advice.method': 'Verfahren',
  'advice.not_better': 'Es sagt nicht besser vorher als die Ausfallquote allein, darum gibt es keinen Hinweis.',
  'advice.cell': 'Zelle',
  'advice.probability': 'Kann durchfallen',
  'advice.reasons': 'Was dafür spricht',
};
