// Owns the Chinese words for what is wrong with a camera, microphone or workstation, and what to do.
import type { SourceFaults } from "../shape";

const noun = { video: "画面", audio: "声音" };

export const sourceFaults: SourceFaults = {
  host_unknown: (f) => ({ what: `找不到主机 ${f.host}`, todo: "核对配置中的地址，或直接写 IP 地址。" }),
  connection_refused: (f) => ({ what: `${f.address} 拒绝连接`, todo: "摄像头可能正在启动，或没有开启 RTSP。核对端口，必要时重启摄像头。" }),
  no_answer: (f) => ({ what: `${f.address} 没有应答`, todo: "检查摄像头电源、网线和交换机，ping 其地址。" }),
  unreachable: (f) => ({ what: `无法到达 ${f.address}`, todo: "检查主机的网口、网线和网络设置。" }),
  wrong_credentials: () => ({ what: "用户名或密码不对", todo: "核对配置中的用户名和密码；多次失败后摄像头可能锁定几分钟。" }),
  no_such_stream: () => ({ what: "摄像头上没有这个码流", todo: "核对地址中的路径，见摄像头说明书。" }),
  odd_answer: () => ({ what: "摄像头应答异常", todo: "核对地址是否指向摄像头的 RTSP 端口；必要时重启摄像头或升级固件。" }),
  unanswered: () => ({ what: "摄像头不回答请求", todo: "重启摄像头；检查是否达到其最大连接数。" }),
  closed: () => ({ what: "摄像头断开了连接", todo: "检查摄像头电源和网线。恢复后会自动重连。" }),
  nothing_usable: (f) => ({ what: `没有可录制的画面或声音，只有 ${f.offered.join("、")}`, todo: "在摄像头网页上把视频设为 H.264 或 H.265，音频设为 AAC 或 G.711。" }),
  never_came: (f) => ({ what: `已连接，但一直没有${noun[f.track]}`, todo: f.track === "video" ? "重启摄像头，检查其码流设置。" : "检查拾音器和接线；没有拾音器时在摄像头网页上关闭音频。" }),
  stalled: (f) => ({ what: `${noun[f.track]}中断`, todo: "检查设备是否死机、网络是否拥塞。恢复后会自动重连。" }),
  unreadable: (f) => ({ what: `收到的${noun[f.track]}数据无法解读`, todo: "在摄像头网页上重新保存编码设置，重启或升级固件；仍不行则更换摄像头。" }),
  codec_changed: () => ({ what: "编码方式改变", todo: "会自动重连。评标期间请勿更改摄像头设置。" }),
  clock_jumped: (f) => ({ what: `${noun[f.track]}的时间戳跳变`, todo: "录像已按本机时钟续录。请为摄像头设置网络授时；反复出现时升级固件。" }),
  device: (f) => ({ what: `设备不可用（${f.detail}）`, todo: "核对设备名和接线；bidroom 用户须在 video、audio 组中。" }),
  software: (f) => ({ what: `媒体软件故障（${f.detail}）`, todo: "运行 bidroom check，并请管理员检查 GStreamer 的安装。" }),
  misconfigured: (f) => ({ what: `配置不可用（${f.detail}）`, todo: "运行 bidroom check，按提示修改配置后重启。" }),
  capture_stopped: () => ({ what: "采集已停止", todo: "主机程序正在停止或重启，完成后自动恢复。" }),
  daemon_started: () => ({ what: "主机程序刚刚启动", todo: "正在重新连接，请稍候。" }),
  workstation_left: () => ({ what: "工作站关闭了页面", todo: "请到该席位重新打开页面。" }),
  workstation_replaced: () => ({ what: "工作站重新连接", todo: "无需处理。" }),
  workstation_unheard: () => ({ what: "工作站没有响应", todo: "检查工作站的电源、网线和页面。" }),
  connection_failed: () => ({ what: "与工作站的连接失败", todo: "检查工作站的网络和防火墙，刷新其页面。" }),
  other: (f) => ({ what: f.detail, todo: "检查设备电源、线缆和工作站页面。恢复后会自动重连。" }),
};
