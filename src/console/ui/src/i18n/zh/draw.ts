// Owns the Chinese words of draw and call-out: steps of the proof, standings, how calls end, the board.
import type { AbortedView, CallEnd, DrawStep, Exclusion, LineState, StandingKind, TextEnd } from "../../wire";

export const mask = (no: number): string => `候选 ${no}`;

export const steps: Record<DrawStep, string> = {
  prepared: "待监督人员承诺",
  committed: "待监督人员揭示",
  countersigned: "平台已签名，待监督人员揭示",
  revealed: "主机揭示中",
  seeded: "种子已定",
  aborted: "已终止",
};

export const abortReasons: Record<AbortedView["reason"]["kind"], string> = {
  ordered: "人工终止",
  basis_lost: "承诺的内容丢失",
  basis_differs: "承诺的内容不符",
  hub_silent: "市级平台未按时签名",
  session_ended: "评标已结束",
};

export const exclusions: Record<Exclusion, string> = {
  employer: "任职于回避单位",
  former_employer: "回溯期内曾任职",
  relative: "亲属回避",
  ban: "禁评",
  listed: "名单回避",
  named: "已直接确定",
  speciality: "专业不符",
};

export const standings: Record<StandingKind, string> = {
  waiting: "待呼叫",
  calling: "呼叫中",
  accepted: "已确认参加",
  declined: "谢绝",
  given_up: "未能通知到",
  released: "名额已满，已致谢",
  withdrawing: "请假待裁定",
  withdrew: "已请假",
  not_needed: "无须呼叫",
};

export const progress: Record<string, string> = {
  dialling: "拨号中",
  ringing: "振铃",
  early_media: "网络提示音",
  answered: "播报中",
  key: "已按键，待确认",
  idle_key: "播报中",
};

export const ends: Record<string, string> = {
  confirmed: "已确认",
  reached: "已接通",
  no_key: "接听后未按键确认",
  hung_up: "未确认即挂断",
  busy: "占线",
  no_answer: "无人接听",
  rejected: "拒接",
  unreachable: "关机或不在服务区",
  no_such_number: "空号",
  answered_late: "挂断时才接听",
  cancelled: "已取消",
  interrupted: "程序中断",
  bad_number: "号码无效，未拨出",
  auth_fault: "线路鉴权失败",
};

export const faults: Record<string, string> = {
  no_reply: "网关无应答",
  host_unreachable: "网关地址无法到达",
  no_media: "接通后没有声音",
  no_codec: "语音编码不匹配",
  refused: "网关拒绝呼叫",
  odd_reply: "网关应答异常",
  modem_gone: "语音模块已断开",
  modem_silent: "语音模块无响应",
  no_sim: "未插 SIM 卡",
  pin_needed: "SIM 卡需要 PIN 码",
  no_network: "未注册到移动网络",
  sound_stalled: "语音模块声音中断",
  in_use: "线路正被占用",
  disk_full: "磁盘无法写入通话录音",
  speech_missing: "通知语音尚未合成",
  no_such_line: "配置中没有该线路",
  vault_failed: "无法从保险库读取号码",
  software: "程序故障",
};

const faultOf = (of: unknown): string => {
  const code = typeof of === "string" ? of : "refused";
  const status = typeof of === "object" && of !== null && "refused" in of ? (of as { refused: { status: number } }).refused.status : null;
  return `${faults[code] ?? code}${status === null ? "" : `（${status}）`}`;
};

export function end(value: CallEnd): string {
  if (value.end === "line_fault") return `线路故障：${faultOf(value.of)}`;
  if (value.end === "confirmed") return value.of === "attends" ? "确认参加" : "确认不参加";
  return ends[value.end] ?? value.end;
}

export function line(state: LineState): string {
  if (state.state === "fault") return faultOf(state.of);
  return { unknown: "未知", registering: "注册中", ready: "可用", auth_fault: "鉴权失败", disabled: "已停用" }[state.state];
}

/** 短信的结果。 */
export function text(end: TextEnd | null): string {
  switch (end?.end) {
    case undefined:
      return "短信发送中";
    case "sent":
      return "短信已发送";
    case "refused":
      return end.cause == null ? "短信被拒" : `短信被拒（${end.cause}）`;
    case "failed":
      return `短信未发出：${faultOf(end.fault)}`;
    case "interrupted":
      return "短信发送时程序中断，是否发出不明，不会自动重发";
  }
}

export const withdrawals = { called_back: "本人回拨请假", told: "请假已批准", missing: "缺席，已批准补抽" };

export const pieces: Record<string, string> = {
  notice: "通知",
  "notice-again": "未按键，再次通知",
  "confirm-attends": "请确认参加",
  "confirm-declines": "请确认不参加",
  "thanks-attends": "已确认参加",
  "thanks-declines": "已确认不参加",
  goodbye: "未确认，再见",
  released: "名额已满，致谢",
  sorry: "未能记录，稍后再拨",
  "call-back": "回拨：如何请假",
  "confirm-withdraws": "请确认请假",
  "thanks-withdraws": "已登记请假",
  "not-withdrawn": "未能登记请假",
  "keeps-place": "未请假，确认有效",
  "no-calls": "其他来电：不接听",
};

export const page = {
  listen: "试听通知",
  listenWhich: "试听内容",
  title: "抽取与通知",
  which: "评标",
  none: "没有待组成委员会的评标",
  noneTodo: "技术员计划评标之后，在这里抽取专家、语音通知。",
  places: "应到专家",
  accepted: "已确认",
  calling: "呼叫中",
  lost: "谢绝或未接",
  redrawn: "补抽",
  completeBy: "最迟完成",
  board: "语音通知",
  boardAside: (lines: number) => `${lines} 路线路 · 不播报项目名称 · 姓名在门口和席位才出现`,
  columns: { candidate: "候选", speciality: "专业", attempt: "呼叫", progress: "进度", keys: "按键", time: "时长", note: "说明" },
  attempt: (no: number) => (no === 0 ? "—" : `第 ${no} 次`),
  redraw: "补抽",
  member: (name: string) => `已成为${name}`,
  nextCall: (time: string) => `${time} 后再次呼叫`,
  otherLine: "待另一条线路",
  noCandidates: "尚未抽取",
  proof: "抽取凭证",
  attemptNo: (no: number) => `第 ${no} 次抽取`,
  pool: "专家库",
  poolOf: (rows: number, eligible: number) => `${rows} 人，可抽 ${eligible} 人`,
  excluded: "排除",
  groups: "抽取条件",
  group: (name: string, count: number, filled: number, eligible: number) => `${name} ${filled}/${count} 人，可抽 ${eligible}`,
  designated: (count: number) => `另有直接确定的专家 ${count} 人`,
  root: "专家库摘要",
  rules: "规则摘要",
  boxCommitment: "主机承诺",
  supervisorCommitment: "监督承诺",
  hubSignature: "平台签名",
  hubWaits: (until: string) => `等待市级平台签名，最迟 ${until}；逾期抽取终止并记录在案`,
  given: "次序来源",
  givenBy: (key: string, attempt: number) => `专家库已抽定（第 ${attempt} 次，公钥 ${key}…），本机已验证签名和次序`,
  waitsForAcceptance: "待监督人员接受次序",
  waitsForHub: "待市级平台签名",
  acceptOrder: "接受次序，开始通知",
  seed: "种子",
  notYet: "尚无",
  aborted: (no: number, time: string, why: string) => `第 ${no} 次抽取于 ${time} 终止（${why}），永久记录在案`,
  record: "下载公开记录",
  composition: "委员会组成",
  compositionOf: (members: number, odd: boolean, least: number, share: string) => `共 ${members} 人；不少于 ${least} 人${odd ? "、单数" : ""}、专家不少于 ${share}`,
  compositionDone: "已齐，符合规定",
  compositionOpen: (open: number) => `还缺 ${open} 人`,
  notice: { missing: "通知语音合成中", ready: "通知语音已就绪", failed: "通知语音合成失败" },
  lines: "线路",
  noLines: "没有可用的电话线路：请在房间配置中设置线路",
  lineRests: "停用，待复测",
  lineProbe: "测试号码",
  lineTaken: (who: string) => `来电：${who}`,
  stranger: "无关来电",
  lineIdle: "空闲",
  retryLine: "重试",
  alarms: "待处理",
  quiet: "没有待处理事项",
  operations: "操作",
  rule: "抽取没有人工环节：不能跳过、指定或查看候选。",
  arrived: (at: string) => `市级平台于 ${at} 送来已抽定的次序，已核验。`,
  take: "采用平台送来的次序…",
  prepare: "准备抽取…",
  commit: "输入承诺…",
  reveal: "揭示秘密…",
  withdraw: "登记请假…",
  grant: "同意请假",
  refuse: "不同意",
  redrawMember: "补抽",
  stage: { running: "进行中", paused: "已暂停", stopped: "已停止", complete: "委员会已齐" },
  stuck: "专家库已抽完，名额仍空缺",
  paused: (why: string) => `已暂停：${why}`,
  silence: (n: number, of: number) => `最近 ${of} 次呼叫有 ${n} 次无人应答，请监督人员核查线路后决定`,
};

export const form = {
  title: "准备抽取",
  arrivedTitle: "采用平台送来的次序",
  arrivedHelp: "次序由专家库抽定、加密给本机，送到时已核验签名、每一行和场次。采用后由监督人员接受，随即开始通知。",
  arrivedSubmit: "采用次序",
  came: "送到时间",
  digest: "文件 SHA-256",
  owner: "抽定者",
  ownerKey: (key: string, rows: number) => `公钥 ${key}…，专家库 ${rows} 人`,
  help: "名单只进入本机加密保险库，不在任何页面、日志中出现。提交后主机对专家库、规则和自己的秘密作出承诺，再由监督人员输入承诺。",
  pool: "专家库（CSV）",
  poolHelp: "列：姓名、手机号、身份证号、单位、专业；可有 原单位（写明离职日期，如 甲公司(2024-05-31)）、亲属单位、禁评至",
  order: "或：已抽定的次序（加密文件，.cms）",
  orderHelp: "由专家库抽定、加密给本机并签名；库、回避和次序都在其中，此时不选专家库和回避表",
  recusals: "回避（CSV，可不选）",
  recusalsHelp: "列：类型（回避单位、亲属、禁评、名单）、名称；可有 别名、身份证号、至",
  named: "直接确定的人员（CSV，可不选）",
  namedHelp: "指定的专家和招标人代表，格式同委员会名单；不抽取、不呼叫",
  choose: "选择文件",
  groups: "专业和人数",
  speciality: "专业",
  count: "人数",
  add: "增加专业",
  remove: "删除",
  sum: (sum: number, experts: number) => `抽取 ${sum} 人；计划专家 ${experts} 人（含直接确定的）`,
  submit: "提交并承诺",
  faults: (count: number) => `表格有 ${count} 处错误，未保存任何人`,
  table: "表",
  tables: { pool: "专家库", recusals: "回避", named: "直接确定" } as Record<string, string>,
};

export const secret = {
  commitTitle: "输入监督承诺",
  commitText: "在本机之外的电脑或手机上生成 64 位十六进制随机数并妥善保存，只在这里输入它的 SHA-256：",
  commitCommand: "openssl rand -hex 32 | tr -d '\\n' | tee secret.txt | sha256sum",
  commitment: "承诺（64 位十六进制）",
  revealTitle: "揭示监督秘密",
  revealText: "输入先前保存的 64 位随机数。揭示之后主机立即揭示自己的秘密，全部候选的次序随即确定，不能更改。",
  secret: "秘密（64 位十六进制）",
  wrong: "应为 64 位小写十六进制",
  commit: "提交承诺",
  reveal: "揭示",
};

export const ask = {
  abort: { title: "终止抽取", text: "终止会永久记录在案；再次抽取计为下一次。", act: "终止抽取" },
  pause: { title: "暂停外呼", text: "不再发起新的呼叫；正在进行的通话继续。", act: "暂停外呼" },
  stop: { title: "停止外呼", text: "立即挂断全部通话，此次抽取作废并永久记录在案。已确认的专家须另行通知。", act: "停止外呼" },
  single: { title: "允许单条线路", text: "正常情况下，须经两条不同线路各呼叫一次才会放弃一位候选。另一条线路故障时，可允许只用一条线路判断。", act: "允许" },
  withdraw: { title: "登记请假", text: "选择来电请假的候选；由监督人员裁定后补抽。", which: "候选", act: "登记" },
  reason: "原因",
};
