/** Chinese texts of failure advice. */
export const advice = {
  'advice.title': '失效提示',
  'advice.never_a_gate': '仅供参考：不扣留也不放行。关卡只依据测量结果判定。',
  'advice.product': '产品',
  'advice.too_few': '暂无提示：{reason}',
  'advice.learned_from': '学习自',
  'advice.counts': '{lots} 个批次的 {cells} 个已分级电芯，{failures} 个失效',
  'advice.loss': '留出电芯的对数损失',
  'advice.baseline': '不用测量值的对数损失',
  'advice.method': '方法',
  'advice.not_better': '预测并不优于失效率本身，因此不给出提示。',
  'advice.cell': '电芯',
  'advice.probability': '可能失效',
  'advice.reasons': '依据',
};
