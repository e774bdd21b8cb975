//! Owns the check of the ports: whether the daemon could listen where its profile says.

use super::finding::{Finding, Level};
use super::run::Premises;
use crate::config::{Profile, Text};
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::net::UnixStream;

pub(super) fn check(profile: &Profile, premises: &Premises) -> Vec<Finding> {
    // whoever answers there holds the data folder's lock, and so these ports
    let running = UnixStream::connect(premises.data.join("ctl.sock")).is_ok();
    let network = &profile.network;
    let tcp = |at: SocketAddr| TcpListener::bind(at).map(drop);
    let udp = |at: SocketAddr| UdpSocket::bind(at).map(drop);
    let (https, media, ice) = (
        network.https_port,
        network.webrtc_udp_port,
        network.ice_tcp_port,
    );
    vec![
        port(
            &network.bind,
            https,
            "port-https",
            text!("网页端口 TCP {https}", "Console port TCP {https}"),
            "https_port",
            running,
            tcp,
        ),
        port(
            &network.bind,
            media,
            "port-media",
            text!("媒体端口 UDP {media}", "Media port UDP {media}"),
            "webrtc_udp_port",
            running,
            udp,
        ),
        port(
            &network.bind,
            ice,
            "port-media-tcp",
            text!("媒体端口 TCP {ice}", "Media port TCP {ice}"),
            "ice_tcp_port",
            running,
            tcp,
        ),
    ]
}

fn port(
    addresses: &[IpAddr],
    port: u16,
    id: &str,
    subject: Text,
    key: &str,
    running: bool,
    bind: impl Fn(SocketAddr) -> io::Result<()>,
) -> Finding {
    for address in addresses {
        let at = SocketAddr::new(*address, port);
        let Err(error) = bind(at) else { continue };
        if running && error.kind() == io::ErrorKind::AddrInUse {
            let result = text!(
                "正由运行中的 bidroom 使用",
                "in use by the bidroom that is running"
            );
            return Finding::ok(id, subject, result);
        }
        return Finding::bad(
            Level::Fault,
            id,
            subject,
            text!("无法监听 {at}", "cannot listen on {at}"),
            text!("{error}", "{error}"),
            remedy(&error, port, key),
        );
    }
    Finding::ok(id, subject, text!("可用", "free"))
}

fn remedy(error: &io::Error, port: u16, key: &str) -> Text {
    if error.kind() == io::ErrorKind::AddrInUse {
        text!(
            "用 ss -lntup | grep :{port} 查看占用者并停掉它，或改 {key}",
            "see who uses it with ss -lntup | grep :{port} and stop that, or change {key}"
        )
    } else if error.kind() == io::ErrorKind::PermissionDenied {
        text!(
            "1024 以下的端口需要权限：用 systemd 单元启动，或把 {key} 改为 8443 之类",
            "ports below 1024 need a right: start it by its systemd unit, or set {key} to something like 8443"
        )
    } else {
        text!(
            "在 bind 中写本机已有的地址（ip address 可查）",
            "write addresses in bind that this box has (ip address lists them)"
        )
    }
}
