/** Chinese texts of sign-in, sign-out and the persons of the plant. */
import type { session as english } from '../en/session';

export const session: Record<keyof typeof english, string> = {
  'nav.persons': '人员',

  'session.sign_in': '登录',
  'session.sign_out': '退出登录',
  'session.login': '登录名',
  'session.password': '密码',
  'session.choose': '设置密码',
  'session.choose_why': '{name}，您登录时的密码他人也知道。请设置至少 12 个字符的新密码。',
  'session.old_password': '登录时的密码',
  'session.new_password': '新密码',
  'session.repeat_password': '再次输入新密码',
  'session.differ': '两次输入的新密码不一致。',

  'persons.title': '人员',
  'persons.name': '姓名',
  'persons.roles': '角色',
  'persons.seen': '最近登录',
  'persons.change': '更改',
  'persons.active': '有效',
  'persons.new': '须设置密码',
  'persons.disabled': '已停用',
  'persons.enable': '启用',
  'persons.disable': '停用',
  'persons.yourself': '本人',
  'persons.first_password': '下次登录用的密码',
  'persons.reset': '重置',
  'persons.add': '添加人员',
  'persons.add_note': '该密码仅用一次：首次登录时须另设密码。',

  'role.viewer': '查看者',
  'role.operator': '操作员',
  'role.planner': '计划员',
  'role.engineer': '工艺工程师',
  'role.quality': '质量',
  'role.maintenance': '维护',
  'role.administrator': '管理员',
};
