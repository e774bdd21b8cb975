"""Owns the peer: Debian's Janus with the streaming plugin, fed with bare RTP of the same clip."""

import http.client

from .stage import BOX, BOX_IP

VIDEO_PORT = 5104
MOUNTPOINT = 1
_HTTP = 8088


class Janus:
    """Janus in the box's namespace; viewers watch its one mountpoint. `keeps_key_frame` is its `bufferkf`.

    With `sound`, Opus is taken on the port after the picture's.
    """

    rtp = f"{BOX_IP}:{VIDEO_PORT}"
    url = f"http://{BOX_IP}:{_HTTP}"

    def __init__(self, stage, keeps_key_frame=True, sound=False):
        folder = stage.folder / "janus"
        folder.mkdir()
        plugins = "/usr/lib/x86_64-linux-gnu/janus/plugins"
        transports = "/usr/lib/x86_64-linux-gnu/janus/transports"
        keeps = "true" if keeps_key_frame else "false"
        opus = f', {{ type = "audio"; mid = "a"; port = {VIDEO_PORT + 1}; pt = 111; codec = "opus"; }}' if sound else ""
        for name, text in (
            (
                "janus.jcfg",
                f'general: {{ configs_folder = "{folder}"; plugins_folder = "{plugins}"; transports_folder = "{transports}"; '
                "debug_level = 3; }\n"
                'media: { rtp_port_range = "20000-40000"; }\n'
                'plugins: { disable = "libjanus_audiobridge.so,libjanus_echotest.so,libjanus_lua.so,libjanus_duktape.so,'
                'libjanus_nosip.so,libjanus_recordplay.so,libjanus_sip.so,libjanus_textroom.so,libjanus_videocall.so,'
                'libjanus_videoroom.so,libjanus_voicemail.so"; }\n'
                'transports: { disable = "libjanus_websockets.so,libjanus_pfunix.so,libjanus_mqtt.so,libjanus_nanomsg.so,'
                'libjanus_rabbitmq.so"; }\n',
            ),
            ("janus.transport.http.jcfg", f'general: {{ json = "compact"; http = true; port = {_HTTP}; }}\nadmin: {{ admin_http = false; }}\n'),
            (
                "janus.plugin.streaming.jcfg",
                f'feed: {{ type = "rtp"; id = {MOUNTPOINT}; media = ( {{ type = "video"; mid = "v"; port = {VIDEO_PORT}; pt = 96; '
                f'codec = "h264"; fmtp = "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1"; bufferkf = {keeps}; }}{opus} ); }}\n',
            ),
        ):
            (folder / name).write_text(text)
        self.program = stage.start("janus", ["janus", "-F", folder, "-C", folder / "janus.jcfg"], BOX)
        self.program.until(self._answers)

    @property
    def pid(self):
        return self.program.pid

    def _answers(self):
        try:
            connection = http.client.HTTPConnection(BOX_IP, _HTTP, timeout=1)
            connection.request("GET", "/janus/info")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def target(self):
        """What a page watches."""
        return {"janus": f"{self.url}/janus", "mountpoint": MOUNTPOINT}
