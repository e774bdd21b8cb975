//! Owns offers as text, for what needs no peer behind them.

/// A sendonly offer of picture and sound as Chromium writes it, shortened.
pub(crate) const PUBLISH: &str = "v=0\r\n\
o=- 4611 2 IN IP4 127.0.0.1\r\n\
s=-\r\n\
t=0 0\r\n\
a=group:BUNDLE 0 1\r\n\
a=extmap-allow-mixed\r\n\
a=msid-semantic: WMS s\r\n\
m=video 9 UDP/TLS/RTP/SAVPF 96 97 103 104 109\r\n\
c=IN IP4 0.0.0.0\r\n\
a=ice-ufrag:abcd\r\n\
a=ice-pwd:abcdefghijklmnopqrstuvwx\r\n\
a=ice-options:trickle\r\n\
a=fingerprint:sha-256 9E:5E:1E:2C:4F:F6:E7:70:D3:DC:84:35:35:7F:FC:7F:31:8B:5D:2C:A0:16:1D:34:2B:85:5E:23:08:97:05:41\r\n\
a=setup:actpass\r\n\
a=mid:0\r\n\
a=sendonly\r\n\
a=msid:s v\r\n\
a=rtcp-mux\r\n\
a=rtpmap:96 VP8/90000\r\n\
a=rtpmap:97 rtx/90000\r\n\
a=fmtp:97 apt=96\r\n\
a=rtpmap:103 H264/90000\r\n\
a=rtcp-fb:103 nack pli\r\n\
a=fmtp:103 level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f\r\n\
a=rtpmap:104 H264/90000\r\n\
a=rtcp-fb:104 goog-remb\r\n\
a=rtcp-fb:104 nack pli\r\n\
a=fmtp:104 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n\
a=rtpmap:109 rtx/90000\r\n\
a=fmtp:109 apt=104\r\n\
a=ssrc-group:FID 1111 2222\r\n\
a=ssrc:1111 cname:c\r\n\
a=ssrc:2222 cname:c\r\n\
m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\n\
c=IN IP4 0.0.0.0\r\n\
a=ice-ufrag:abcd\r\n\
a=ice-pwd:abcdefghijklmnopqrstuvwx\r\n\
a=fingerprint:sha-256 9E:5E:1E:2C:4F:F6:E7:70:D3:DC:84:35:35:7F:FC:7F:31:8B:5D:2C:A0:16:1D:34:2B:85:5E:23:08:97:05:41\r\n\
a=setup:actpass\r\n\
a=mid:1\r\n\
a=sendonly\r\n\
a=msid:s a\r\n\
a=rtcp-mux\r\n\
a=rtpmap:111 opus/48000/2\r\n\
a=fmtp:111 minptime=10;useinbandfec=1\r\n\
a=ssrc:3333 cname:c\r\n";

/// The same, for watching.
pub(crate) fn watch() -> String {
    let lines = PUBLISH
        .split_inclusive("\r\n")
        .filter(|l| !l.starts_with("a=ssrc") && !l.starts_with("a=msid:"));
    lines
        .collect::<String>()
        .replace("a=sendonly", "a=recvonly")
}
