/** Chinese (simplified) texts of the frame, of alarms and of data states. */
import type { frame as english } from '../en/frame';

export const frame: Record<keyof typeof english, string> = {
  'nav.overview': '总览',
  'nav.search': '电芯与批次',
  'nav.furnaces': '炉',
  'nav.set_aside': '搁置事件',
  'nav.trust': '证书',
  'nav.label': '画面',

  'frame.plant_time': '工厂时间',
  'frame.speed': '工厂时间比实际时钟快 {speed} 倍',
  'frame.language': '语言',
  'frame.to_dark': '深色',
  'frame.to_light': '浅色',

  'link.connecting': '正在连接',
  'link.live': '实时',
  'link.stale': '已过时 {age}',
  'link.never': '无连接',
  'link.stale_hint': '已有 {age} 未收到工厂消息。带删除线的数值已过时。',

  'alarm.label': '最高未确认报警',
  'alarm.priority': '优先级 {priority}',
  'alarm.more': '另有 {count} 条',
  'alarm.none': '无活动报警 – 检查于 {time}',
  'alarm.all_acknowledged': '无未确认报警，{count} 条活动 – 检查于 {time}',
  'alarm.unknown': '报警未知 – 上次读取 {time}',
  'alarm.never_read': '报警未知 – 尚未读取',
  'alarm.acknowledge': '确认',
  'alarm.acknowledging': '正在确认…',
  'alarm.not_acknowledged': '未能确认：{reason}',
  'alarm.no_answer': '服务器无应答',

  'data.loading': '正在加载',
  'data.none': '无 – 检查于 {time}',
  'data.old': '服务器无应答（{reason}）。显示的是 {time} 的状态。',
  'data.retry': '重试',
  'data.missing': '无数据',
  'data.bad_quality': '质量差，最后有效值',
  'data.stale_quality': '过时数值',
  'data.partial': '本页部分内容无法读取。其余内容有效；缺失部分会自动重新读取。',
  'data.not_read': '未知 – 无法读取',

  'error.title': '无法读取',
  'error.unreachable': '无法连接服务器。各工位会自行继续运行；若持续如此，请通知班长。',
  'error.permission': '您无权查看此内容，请联系班长。',
  'error.not_found': '没有此编号。请检查或搜索相近的编号。',
  'error.server': '服务器返回错误（{status}）。其他画面可能仍可使用。',
  'error.screen': '此画面出错。其他画面仍可使用。',
  'error.reload': '重新加载',
  'error.no_screen': '没有此画面。',
};
