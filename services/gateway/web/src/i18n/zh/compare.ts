/** Chinese (simplified) texts of the comparison of cells. */
import type { compare as english } from '../en/compare';

export const compare: Record<keyof typeof english, string> = {
  'compare.title': '电芯对比',
  'compare.link': '与其他电芯对比',
  'compare.pick': '对比',
  'compare.picked': '对比 {count} 个电芯',
  'compare.add': '添加电芯：输入或扫描编号',
  'compare.remove': '移除 {id}',
  'compare.few': '请选择 2 至 8 个电芯。',
  'compare.most': '最多对比 8 个电芯；请先移除一个。',
  'compare.figures': '数据',
  'compare.figure': '项目',
  'compare.voltage': '电压—时间',
  'compare.curves': '{count} 个电芯的电压随时间变化',
  'compare.first_charge': '首次充电',
  'compare.first_discharge': '首次放电',
  'compare.ice': '首周库仑效率',
  'compare.last_discharge': '末周放电',
  'compare.retention': '容量保持率',
  'compare.unread': '无法读取 {id}：{reason}',
  'compare.without': '无数据：{ids}',
};
