// Owns the Chinese words of the room: phases, masks, refusals, events, alarms.
import type { Fault, SourceFault } from "../../wire";
import type { Actions, Advice, Alarms, Events, Faults, Refusals } from "../shape";
import { sourceFaults } from "./sources";

const mb = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
const gb = (bytes: number) => (bytes >= 1e12 ? `${(bytes / 1e12).toFixed(1)} TB` : `${(bytes / 1e9).toFixed(1)} GB`);
const minutes = (ms: number) => `${Math.round(ms / 60000)} 分钟`;

export const phases = {
  planned: "已计划",
  convened: "委员会已组成",
  check_in: "签到",
  ready: "就绪",
  in_session: "评标中",
  suspended: "已暂停",
  overnight: "隔夜封闭",
  closing: "签署",
  sealed: "已封存",
  aborted: "已终止",
};

export const kinds = {
  session: { real: "正式评标", rehearsal: "演练" },
  member: { expert: "评标专家", tenderer_representative: "招标人代表" },
  mask: { expert: "专家", tenderer_representative: "招标人代表" },
  feed: { camera: "摄像头", microphone: "麦克风", face: "面部", screen: "屏幕", talk_back: "对讲" },
  track: { video: "画面", audio: "声音" },
  anomaly: { frozen: "画面静止", black: "画面全黑", silent: "没有声音", too_loud: "声音过大" },
  break: { rest: "休息", meal: "用餐" },
  help: { technical: "技术协助", supervisor: "呼叫监督人员", unwell: "身体不适" },
  conflict: { employer: "任职或曾任职", relative: "亲属关系", interest: "经济利益", other: "其他情形" },
  ruling: { stays: "不影响，继续评标", removed: "应当回避，退出委员会" },
  suspension: { order: "监督责令", outage: "链路、电力或设备故障", committee: "委员会人数不足", other: "其他原因" },
  leaving: { finished: "工作完成", illness: "因病", emergency: "紧急情况", expelled: "监督责令离场" },
  pledge: { integrity: "廉洁承诺书", recusal: "回避承诺书" },
  presence: { expected: "未到", present: "已签到", absent: "缺席", left: "已离场", removed: "已回避", replaced: "已替换" },
  role: {
    technician: "技术员",
    supervisor: "监督人员",
    expert: "评标专家",
    system_administrator: "系统管理员",
    security_administrator: "安全管理员",
    audit_administrator: "审计管理员",
    bidder: "投标人代表",
  },
  clock: { start: "距开标评审", grace: "签到宽限剩", outage: "故障时限剩" },
  gap: {
    absent: "信号尚未到来",
    source_lost: "断流",
    silent: "连接正常但无数据",
    no_key_frame: "画面无法起播",
    unusable: "数据格式无法存储",
    lagged: "写入跟不上",
    disk: "磁盘故障",
    daemon_not_running: "录像程序未运行",
  },
  verdict: { passed: "通过", attention: "注意", failed: "故障" },
};

/** Why a source is lost. */
export const actions: Actions = {
  run_preflight: "开始自检",
  open_check_in: "开放签到",
  confirm_sign_in: "确认签到完成",
  confirm_recording: "确认录像写入",
  authorise_start: "授权开始",
  start_session: "开始评标",
  declare_outage: "登记故障",
  end_outage: "故障已排除",
  record_tenderer_waits: "招标人决定继续等待",
  suspend_session: "暂停评标",
  resume_session: "恢复评标",
  begin_overnight: "隔夜封闭",
  postpone_lock: "推迟封闭",
  end_overnight: "开启评标室",
  begin_break: "开始休息",
  end_break: "结束休息",
  mark: "标记",
  start_talk_back: "对讲",
  end_talk_back: "结束对讲",
  begin_closing: "进入签署",
  sign_closing_record: "签署结束记录",
  seal_session: "封存",
  abort_session: "终止评标",
  sign_pledge: "签署承诺书",
  declare_conflict: "申报回避",
  vote_for_chair: "推选主任",
  call_for_help: "求助",
  acknowledge_warning: "我已阅知",
  sign_report: "签署评标报告",
  leave: "离场",
};

export const refusals: Refusals = {
  not_your_role: () => "您的岗位无此权限",
  no_session_named: () => "还没有计划评标",
  no_such_session: () => "没有这个未结束的评标",
  session_exists: (r) => `编号 ${r.session} 已被使用`,
  wrong_phase: (r, n) => `当前阶段为“${n.phase(r.phase)}”`,
  room_occupied: (r) => `评标室正被 ${r.by} 使用`,
  typed_number_differs: () => "输入的编号不一致",
  test_feeds: (r, n) => `${n.feeds(r.feeds)} 是测试画面，不能用于正式评标`,
  bad_plan: (r) => `计划中的“${{ start: "开始时间", expected: "预计时长", experts: "专家人数", tenderer_representatives: "招标人代表人数", id: "编号" }[r.field] ?? r.field}”不合理`,
  no_such_seat: (r) => `没有席位 ${r.seat}`,
  no_such_member: () => "委员会中没有这位成员",
  no_such_feed: () => "没有这一路画面",
  committee_too_small: (r) => `委员会只有 ${r.members} 人，至少需要 ${r.least} 人`,
  committee_even: (r) => `委员会为 ${r.members} 人，应为单数`,
  too_few_experts: (r) => `${r.members} 人中只有 ${r.experts} 位专家，专家不得少于 ${r.share}/${r.of}`,
  too_few_seats: (r) => `${r.members} 人，只有 ${r.seats} 个席位`,
  not_as_planned: (r) => `计划为专家 ${r.experts} 人、招标人代表 ${r.representatives} 人`,
  person_twice: () => "同一人出现了两次",
  wrong_seat: (r) => `此签到码属于席位 ${r.yours}，请到席位 ${r.yours} 就座`,
  seat_not_enrolled: (r) => `席位 ${r.seat} 的工作站尚未登记`,
  already_present: () => "已经签到",
  too_late: (r) => `已超过 ${minutes(r.grace)}宽限，须由监督人员准许`,
  no_re_entry: () => "离场后不得再次进入",
  not_expected: () => "该成员已不在委员会中",
  not_present: (r, n) => `${n.member(r.member)}尚未签到`,
  already_signed: () => "已经签署",
  conflict_undecided: (r, n) => `${n.members(r.members)}的回避申报待监督人员裁定`,
  no_conflict: (r, n) => `${n.member(r.member)}没有待裁定的申报`,
  already_declared: () => "已经申报过",
  member_not_missing: (r, n) => `${n.member(r.member)}并未缺席`,
  not_approved: (r, n) => `监督人员尚未批准替换${n.member(r.member)}`,
  already_done: () => "已经完成",
  members_missing: (r, n) => `${n.members(r.members)}尚未签到`,
  pledges_missing: (r, n) => `${n.members(r.members)}尚未签署${kinds.pledge[r.pledge]}`,
  not_recording: (r, n) => `${n.feeds(r.feeds)} 还没有写入录像`,
  recording_not_confirmed: () => "技术员尚未确认录像写入",
  not_authorised: () => "监督人员尚未授权开始",
  equipment_unfit: (r) => `${equipment(r.equipment)}不满足评标条件`,
  outage_lasts: () => "故障尚未排除",
  no_outage: () => "没有登记的故障",
  outage_too_long: () => "故障已超过时限，只能终止",
  no_chair: () => "委员会尚未选出主任",
  chair_elected: () => "主任已经选出",
  chair_must_be_expert: () => "主任须由专家担任",
  ordered_by_supervisor: () => "监督人员责令的暂停，只能由监督人员解除",
  break_lasts: (r) => `正在${kinds.break[r.kind]}`,
  no_break: () => "当前没有休息",
  no_help_call: (r) => `席位 ${r.seat} 没有求助`,
  help_already_called: () => "已经求助，请稍候",
  no_warning: () => "没有待阅知的提醒",
  talk_back_lasts: () => "正在对讲",
  no_talk_back: () => "没有人在对讲",
  no_such_gap: () => "没有这处缺失",
  signatures_missing: (r, n) => `${n.members(r.members)}尚未签署评标报告`,
  closing_record_unsigned: () => "监督人员尚未签署结束记录",
  sign_first: () => "请先签署评标报告",
  not_enrolled: (r) => `席位 ${r.seat} 没有登记工作站`,
  seat_in_use: (r) => `席位 ${r.seat} 有人在座`,
  preflight_runs: () => "自检正在进行",
  session_on: (r) => `评标 ${r.session} 正在进行`,
};

export function equipment(id: string): string {
  const known: Record<string, string> = {
    "disk-recordings": "录像磁盘",
    "disk-space": "录像空间",
    "disk-health": "磁盘健康",
    "audit-certificate": "审计证书",
    "time-stamp": "时间戳机构",
    "disk-journal": "日志磁盘",
    disk: "录像磁盘",
    storage: "录像磁盘",
    clock: "系统时钟",
    journal: "日志",
    recorder: "录像程序",
    recording: "试录回放",
    "test-recording": "试录回放",
    workstations: "工作站",
    certificate: "证书",
    speaker: "扬声器",
    screens: "屏幕采集",
    faces: "席位摄像头",
    microphones: "席位麦克风",
    cameras: "房间摄像头",
    hub: "市级平台",
  };
  const exact = known[id];
  if (exact !== undefined) return exact;
  const numbered = /^([a-z-]+?)-(\d+)(?:-([a-z]+))?$/.exec(id);
  if (numbered === null) return id;
  const [, kind = "", no, part] = numbered;
  const stem: Record<string, string> = { camera: "摄像头", microphone: "麦克风", seat: "席位", disk: "磁盘" };
  const parts: Record<string, string> = { face: "摄像头", screen: "屏幕", microphone: "麦克风", workstation: "工作站", sub: "子码流", main: "主码流", picture: "画面", sound: "声音", clock: "时钟" };
  const base = `${stem[kind] ?? kind} ${no}`;
  return part === undefined ? base : `${base} ${parts[part] ?? part}`;
}

export const faults: Faults = {
  disk_nearly_full: (f) => `录像磁盘仅剩 ${gb(f.free_bytes)}`,
  disk_full: () => "录像磁盘已满，录像无法写入",
  disk_read_only: () => "录像磁盘变为只读，录像无法写入",
  disk_slow: () => "录像磁盘响应过慢",
  disk_not_writable: (f) => `录像磁盘无法写入：${f.detail}`,
  clock_off: (f) => (f.offset_ms == null ? "系统时钟未同步" : `系统时钟偏差 ${f.offset_ms} ms`),
  no_signal: (f) => `无信号：${source(f.cause).what}`,
  no_signal_yet: () => "信号尚未到来",
  sends_wrongly: (f) => source(f.cause).what,
  not_enrolled: () => "尚未登记工作站",
  not_sending: (f) => `没有${f.feeds.map((feed) => (feed.endsWith("-screen") ? "屏幕" : "面部")).join("、")}画面`,
  not_showable: (f) => `${f.codec} 无法在浏览器显示，且没有子码流`,
  certificate_expiring: (f) => f.days < 0 ? "证书已过期" : `证书还有 ${f.days} 天到期`,
  disk_too_slow: (f) => `录像磁盘每秒只能写 ${mb(f.writes)}，全部信号需要 ${mb(f.needs)}`,
  disk_failing: (f) => `磁盘 ${f.disk} 报告自身将要损坏（SMART）`,
  disk_health_unknown: (f) => `磁盘健康未知：${f.detail}`,
  anomalous: (f) => kinds.anomaly[f.anomaly],
  not_playable: (f) => `试录不能回放：${f.feeds.join("、")}`,
  session_recorded: () => "评标正在录像，没有试录",
  no_audit_certificate: () => "没有设置审计证书，个人信息不能加密给审计人员",
  audit_certificate_unfit: (f) => `审计证书不可用，档案无法封存：${f.detail}`,
  no_time_stamp: (f) => `时间戳机构没有给出时间戳：${f.detail}`,
  other: (f) => f.detail,
};

const faultTodo: Record<string, string> = {
  disk_nearly_full: "请通知管理员清理或扩容录像磁盘。空间不足时不能开始新的评标。",
  disk_full: "录像无法保存。请立即清理或扩容录像磁盘，有空间后自动续录；必要时暂停评标。",
  disk_read_only: "文件系统已损坏或磁盘故障。请立即更换或修复录像磁盘，恢复可写后自动续录；必要时暂停评标。",
  disk_slow: "录像暂未缺失，但可能跟不上。请停止磁盘上的其他任务，检查阵列是否在重建、磁盘是否老化。",
  disk_not_writable: "录像无法保存。请立即检查磁盘连接；必要时暂停评标。",
  clock_off: "请检查网络授时（NTP 或北斗）。偏差超过 1 秒不能开始评标。",
  no_signal_yet: "请检查设备电源和网线，恢复后会自动重连。",
  not_enrolled: "在席位图上点该席位，生成登记码，到工作站上输入。",
  not_sending: "确认工作站已打开页面，并允许摄像头、麦克风和共享屏幕。",
  not_showable: "请在摄像头中启用 H.264 子码流。",
  certificate_expiring: "请通知管理员更换证书。",
  disk_too_slow: "请停止磁盘上的其他任务，或换更快的磁盘，然后重新自检。",
  disk_failing: "请立即备份并更换该磁盘；更换前不要开始评标。",
  disk_health_unknown: "虚拟磁盘没有健康状态；实体磁盘请安装 smartmontools 并启用 bidroom-smart.timer。",
  not_playable: "请重新自检；仍不能回放的，检查该摄像头的编码设置和录像磁盘。",
  session_recorded: "请在签到开放之前自检。",
  no_audit_certificate: "请管理员在房间配置的 [storage] 中设置 audit_certificate（P-256 证书）。",
  audit_certificate_unfit: "请管理员换一张 P-256 证书；RSA 证书不能用。",
  no_time_stamp: "请核对时间戳机构的地址和网络；封存时仍无应答，档案将没有时间戳。",
  other: "请联系管理员处理。",
};

export function source(fault: SourceFault): Advice {
  return sourceFaults[fault.kind](fault as never, undefined as never);
}

/** What to do about a fault. */
export function remedy(fault: Fault): string {
  if ("cause" in fault) return source(fault.cause).todo;
  return fault.kind === "anomalous" ? anomalyTodo[fault.anomaly] : (faultTodo[fault.kind] ?? "");
}

/** Causes of gaps that lie in the box, not in the source. */
const OURS = new Set<string>(["disk", "lagged", "daemon_not_running"]);

const over = { frozen: "画面恢复变化", black: "画面恢复", silent: "声音恢复", too_loud: "音量恢复正常" };
const anomalyTodo = {
  frozen: "画面不再变化，请重启摄像头；席位摄像头请重新插拔，或刷新工作站页面。",
  black: "请检查镜头是否被遮挡、灯光是否关闭。",
  silent: "请检查麦克风是否静音、线缆是否松脱；本人有意静音的，提醒即可。",
  too_loud: "请调低麦克风音量，或让麦克风远离扬声器。",
};

export const alarms: Alarms = {
  feed_lost: (a, n) => ({ what: `${n.feed(a.feed)}断流：${source(a.fault).what}`, todo: source(a.fault).todo }),
  feed_absent: (a, n) => (a.fault == null ? { what: `${n.feed(a.feed)}尚无信号`, todo: "确认工作站已打开页面并允许摄像头、麦克风和共享屏幕。" } : { what: `${n.feed(a.feed)}尚无信号：${source(a.fault).what}`, todo: source(a.fault).todo }),
  recording_gap: (a, n) => ({ what: `${n.feed(a.feed)}${kinds.track[a.track]}录像缺失：${a.fault == null || OURS.has(a.cause) ? kinds.gap[a.cause] : source(a.fault).what}`, todo: `${OURS.has(a.cause) ? "请检查录像磁盘和主机。" : a.fault == null ? "请检查设备电源、线缆和工作站页面。" : source(a.fault).todo}恢复后自动续录，结束前请填写缺失说明。` }),
  anomaly: (a, n) => ({ what: `${n.feed(a.feed)}${kinds.anomaly[a.anomaly]}`, todo: `${anomalyTodo[a.anomaly]}录像照常写入。` }),
  equipment: (a) => ({ what: `${equipment(a.equipment)}：${faults[a.fault.kind](a.fault as never, undefined as never)}`, todo: remedy(a.fault) }),
  help: (a) => ({ what: `席位 ${a.seat} 求助：${kinds.help[a.help]}${a.overdue ? "（等待过久）" : ""}`, todo: a.help === "unwell" ? "请立即前往席位，必要时拨打 120。" : a.help === "supervisor" ? "请通知监督人员；处理后点击“已到场”。" : "请前往席位处理；处理后点击“已到场”。" }),
  break_due: (a) => ({ what: `${a.of === "meal" ? "用餐" : "休息"}时间已到${a.overdue ? "，已超时" : ""}`, todo: `请安排${a.of === "meal" ? "用餐" : "休息"}，并在操作栏登记开始。` }),
  member_missing: (a, n) => ({ what: `${n.member(a.member)}超过宽限仍未签到`, todo: "由监督人员准许迟到；确认不来的，登记缺席后申请替换。" }),
  conflict_waits: (a, n) => ({ what: `${n.member(a.member)}申报回避`, todo: "等待监督人员裁定。" }),
  replacement_waits: (a, n) => ({ what: `${n.member(a.member)}缺额`, todo: a.approved ? "监督人员已批准，请导入替换人员。" : "等待监督人员批准替换。" }),
  outage_expired: () => ({ what: "故障已超过规定时限", todo: "由招标人决定：继续等待，或终止评标。" }),
  outage_lasts: () => ({ what: "故障处理中", todo: "排除故障后，在操作栏确认恢复。" }),
};

export const events: Events = {
  room_configured: () => ({ what: "读取了新的房间配置" }),
  daemon_started: (e) => ({ what: `系统启动，版本 ${e.version}`, level: "warn" }),
  daemon_stopping: () => ({ what: "系统正在停止", level: "warn" }),
  clock_jumped: (e) => ({ what: `系统时钟被调整 ${e.by_ms} ms`, level: "warn" }),
  workstation_enrolled: (e) => ({ what: `席位 ${e.seat} 的工作站已登记` }),
  workstation_revoked: (e) => ({ what: `席位 ${e.seat} 的工作站登记已撤销`, level: "warn" }),
  preflight_requested: () => ({ what: "开始自检" }),
  preflight_done: (e) => {
    const failed = e.results.filter((r) => r.verdict === "failed").length;
    return failed > 0 ? { what: `自检完成，${failed} 项故障`, level: "bad" } : { what: `自检完成，${e.results.length} 项`, level: "good" };
  },
  equipment_failed: (e) => ({ what: `${equipment(e.equipment)}：${faults[e.fault.kind](e.fault as never, undefined as never)}`, level: "bad" }),
  equipment_recovered: (e) => ({ what: `${equipment(e.equipment)}恢复正常`, level: "good" }),
  feed_went_live: (e, n) => ({ what: `${n.feed(e.feed)}接通` }),
  feed_lost: (e, n) => ({ what: `${n.feed(e.feed)}断流：${source(e.cause).what}`, level: "bad" }),
  session_planned: (e) => ({ what: `计划评标 ${e.plan.id}（${kinds.session[e.plan.kind]}）` }),
  plan_changed: (e) => ({ what: `修改评标计划 ${e.plan.id}` }),
  committee_convened: (e) => ({ what: `导入委员会 ${e.members.length} 人` }),
  check_in_opened: () => ({ what: "开放签到，席位随机分配" }),
  code_handed_out: (e, n) => ({ what: `${n.member(e.member)}在门口核验身份，领取签到码` }),
  member_checked_in: (e, n) => ({ what: `${n.member(e.member)}在席位 ${e.seat} 签到${e.late ? "（迟到）" : ""}`, level: e.late ? "warn" : undefined }),
  grace_ended: (e, n) => ({ what: `签到宽限结束，未到：${n.members(e.missing)}`, level: "warn" }),
  lateness_excused: (e, n) => ({ what: `准许${n.member(e.member)}迟到签到` }),
  member_absent: (e, n) => ({ what: `登记${n.member(e.member)}缺席`, level: "warn" }),
  pledge_signed: (e, n) => ({ what: `${n.member(e.member)}签署${kinds.pledge[e.pledge]}` }),
  conflict_declared: (e, n) => ({ what: `${n.member(e.member)}申报回避：${kinds.conflict[e.kind]}`, level: "warn" }),
  conflict_ruled: (e, n) => ({ what: `裁定${n.member(e.member)}：${kinds.ruling[e.ruling]}`, level: e.ruling === "removed" ? "warn" : undefined }),
  replacement_approved: (e, n) => ({ what: `批准替换${n.member(e.member)}` }),
  member_replaced: (e, n) => ({ what: `${n.member(e.member)}由${n.member(e.as_member)}替换` }),
  sign_in_confirmed: () => ({ what: "确认签到完成，进入就绪", level: "good" }),
  recording_confirmed: () => ({ what: "确认各路录像均在写入", level: "good" }),
  start_authorised: () => ({ what: "授权开始", level: "good" }),
  readiness_lost: (e, n) => ({ what: `录像中断，须重新确认：${n.feeds(e.feeds)}`, level: "bad" }),
  session_started: () => ({ what: "评标开始", level: "good" }),
  outage_declared: (e) => ({ what: `登记故障：${e.cause}`, level: "bad" }),
  outage_ended: () => ({ what: "故障排除", level: "good" }),
  outage_time_expired: () => ({ what: "故障超过规定时限", level: "bad" }),
  tenderer_waits: () => ({ what: "招标人决定继续等待" }),
  chair_vote_cast: (e, n) => ({ what: `${n.member(e.voter)}完成主任推选` }),
  chair_elected: (e, n) => ({ what: `${n.member(e.member)}当选评标委员会主任`, level: "good" }),
  session_suspended: (e) => ({ what: `评标暂停：${kinds.suspension[e.cause]}，${e.reason}`, level: "warn" }),
  session_resumed: () => ({ what: "评标恢复", level: "good" }),
  overnight_begun: () => ({ what: "隔夜封闭开始", level: "warn" }),
  lock_postponed: (e, n) => ({ what: `封闭推迟至 ${n.time(e.until)}` }),
  member_returned: (e, n) => ({ what: `${n.member(e.member)}次日核验身份返回` }),
  overnight_ended: () => ({ what: "隔夜封闭结束，评标继续", level: "good" }),
  break_due: (e) => ({ what: `${kinds.break[e.kind]}时间到`, level: "warn" }),
  break_overdue: (e) => ({ what: `${kinds.break[e.kind]}已超时未安排`, level: "bad" }),
  break_begun: (e) => ({ what: `开始${kinds.break[e.kind]}` }),
  break_ended: (e) => ({ what: `${kinds.break[e.kind]}结束` }),
  help_called: (e) => ({ what: `席位 ${e.seat} 求助：${kinds.help[e.kind]}`, level: e.kind === "unwell" ? "bad" : "warn" }),
  help_overdue: (e) => ({ what: `席位 ${e.seat} 求助等待过久`, level: "bad" }),
  help_answered: (e) => ({ what: `席位 ${e.seat} 求助已处理` }),
  moment_marked: (e, n) => ({ what: `标记${e.feed == null ? "" : `（${n.feed(e.feed)}）`}：${e.note}`, level: "warn" }),
  seat_warned: (e) => ({ what: `提醒席位 ${e.seat}：${e.text}`, level: "warn" }),
  warning_acknowledged: (e) => ({ what: `席位 ${e.seat} 已阅知提醒` }),
  talk_back_started: (e, n) => ({ what: `对讲开始：${n.seats(e.seats)}` }),
  talk_back_ended: () => ({ what: "对讲结束" }),
  member_left: (e, n) => ({ what: `${n.member(e.member)}离场：${kinds.leaving[e.reason]}`, level: e.reason === "finished" ? undefined : "warn" }),
  recording_started: (e, n) => ({ what: `${n.feed(e.feed)}开始写入录像` }),
  recording_ended: (e, n) => ({ what: `${n.feed(e.feed)}录像正常结束` }),
  recording_gap_opened: (e, n) => ({ what: `${n.feed(e.feed)}${kinds.track[e.track]}录像缺失：${kinds.gap[e.cause]}`, level: "bad" }),
  recording_gap_closed: (e, n) => ({ what: `${n.feed(e.feed)}${kinds.track[e.track]}录像恢复`, level: "good" }),
  anomaly_began: (e, n) => ({ what: `${n.feed(e.feed)}${kinds.anomaly[e.anomaly]}`, level: e.anomaly === "frozen" || e.anomaly === "black" ? "bad" : "warn" }),
  anomaly_ended: (e, n) => ({ what: `${n.feed(e.feed)}${over[e.anomaly]}`, level: "good" }),
  gap_explained: (e) => ({ what: `缺失 ${e.gap} 已说明：${e.text}` }),
  index_heads: () => ({ what: "录像索引已存证" }),
  closing_begun: () => ({ what: "进入签署阶段" }),
  report_signed: (e, n) => ({ what: `${n.member(e.member)}签署评标报告${e.dissent ? "（有不同意见）" : ""}`, level: e.dissent ? "warn" : undefined }),
  closing_record_signed: () => ({ what: "签署结束记录", level: "good" }),
  session_sealed: () => ({ what: "评标封存", level: "good" }),
  session_aborted: (e) => ({ what: `评标终止：${e.reason}`, level: "bad" }),
  archive_sealed: () => ({ what: "档案已封存签名", level: "good" }),
  archive_read_back: (e) => (e.damaged ? { what: `档案回读：${e.damaged} 个文件损坏`, level: "bad" } : { what: "档案回读：全部完好", level: "good" }),
};

/** Answers of the box that are not the room's refusals. */
export const problems: Record<string, string> = {
  unreachable: "评标室主机没有响应，请检查网络",
  sign_in_first: "请先登录",
  wrong_credentials: "账号、口令或动态码不正确",
  locked_out: "失败次数过多，账号已暂时锁定",
  too_many: "尝试过于频繁，请稍候再试",
  weak_password: "新口令不符合要求：不少于 10 位，不含账号名，不用常见口令，不与旧口令相同",
  not_permitted: "没有权限",
  locked: "会话已锁定，请先解锁",
  not_found: "没有找到",
  account_exists: "账号名已存在",
  last_administrator: "这是该类管理员的最后一个账号，请先新建另一个",
  code_not_valid: "代码无效、已使用或已过期",
  seat_taken: "该席位已有人签到",
  not_enrolled: "本浏览器尚未登记到席位",
  bad_name: "名称为 1 至 40 个字母、数字、空格或 - _ .",
  bad_request: "提交的内容无法识别",
  busy: "系统繁忙，请重试",
  stopping: "系统正在停止",
  not_written: "日志无法写入，操作没有执行",
  no_session_runs: "评标室中没有进行中的评标，没有可见证的内容；请先开放签到",
  no_checkpoint_yet: "尚无检查点；一分钟内会生成第一个",
  internal: "主机未能完成操作，原因已写入系统日志",
  faults_in_table: "名单有误，未导入任何人",
  one_row: "名单在表头之下应当只有一行",
  not_of_this_committee: "委员会中没有这个证件号码",
  no_seat_yet: "开放签到后才分配席位",
  names_a_person: "文字中出现了人员姓名，请使用“专家 3”这样的代号",
  foreign_origin: "请求来自其他网站，已拒绝",
};

export const columns: Record<string, string> = { name: "姓名", phone: "手机号", id_number: "身份证号", kind: "类别", employer: "单位" };

export const rowFaults: Record<string, string> = {
  encoding: "编码不是 UTF-8 或 GB18030，请另存为 CSV",
  not_csv: "从这一行起不是 CSV",
  column_missing: "缺少此列",
  column_twice: "此列出现两次",
  no_rows: "只有表头，没有人员",
  too_many_rows: "行数过多",
  empty: "为空",
  too_long: "过长",
  not_a_name: "含有姓名中不会出现的字符",
  not_a_mobile: "不是 11 位手机号（请把该列设为文本格式）",
  not_an_id_number: "不是 18 位身份证号",
  birth_date: "出生日期不存在",
  checksum: "校验位不符，可能输错",
  unknown_kind: "应为“专家”或“招标人代表”",
  duplicate: "与前面某行证件号相同",
  duplicate_phone: "与前面某行手机号相同",
  already_in_session: "此人已在本次评标中",
};

export const comma: string = "、";
export const stop: string = "，";
export const system: string = "系统";
export const andMore = (n: number) => `另 ${n} 路`;
