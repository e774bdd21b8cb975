"""Owns the coded clips that all sources send: made once, kept in target/bench, each picture with its number in it.

The number stands as 16 fields in the top rows, black or white, and below them the same inverted; a page reads it
back (page.js). Whoever knows when picture 0 was sent knows how old a shown picture is, without an encoder's delay.
"""

import dataclasses
import subprocess

from .stage import ROOT

FOLDER = ROOT / "target" / "bench"
BITS = 16


@dataclasses.dataclass(frozen=True)
class Clip:
    """A picture's coding. `group_s` is the time from key frame to key frame."""

    width: int
    height: int
    fps: int
    kbps: int
    group_s: int
    seconds: int = 20

    @property
    def name(self):
        return f"{self.width}x{self.height}-{self.fps}fps-{self.kbps}kbps-{self.group_s}s"

    @property
    def h264(self):
        """The clip as a byte stream, an access unit delimiter before each picture."""
        return _made(FOLDER / f"{self.name}.h264", self._encode)

    @property
    def rtp(self):
        """The clip as RTP packets, each behind its length (RFC 4571)."""
        coded = self.h264
        return _made(FOLDER / f"{self.name}.rtp", lambda to: _packets(coded, self.fps, to))

    def _encode(self, to):
        field = self.width // BITS
        strip = 2 * (self.height // 24)
        half = strip // 2
        number = f"if(eq(lt(Y\\,{half})\\,mod(floor(N/pow(2\\,floor(X/{field})))\\,2))\\,235\\,16)"
        made = (
            f"testsrc2=size={self.width}x{self.height}:rate={self.fps},noise=alls=12:allf=t[picture];"
            f"color=black:size={self.width}x{strip}:rate={self.fps},format=yuv420p,geq=lum='{number}':cb=128:cr=128[strip];"
            "[picture][strip]overlay=0:0:shortest=1,format=yuv420p"
        )
        group = self.fps * self.group_s
        rate = f"{self.kbps}k"
        coder = f"nal-hrd=cbr:keyint={group}:min-keyint={group}:scenecut=0:aud=1:repeat-headers=1:sliced-threads=0"
        words = ["-filter_complex", made, "-t", str(self.seconds), "-c:v", "libx264", "-preset", "superfast", "-tune", "zerolatency"]
        words += ["-profile:v", "baseline", "-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", f"{self.kbps // 4}k"]
        _run("ffmpeg", "-v", "error", "-y", *words, "-x264-params", coder, "-f", "h264", to)


def opus():
    """A minute of sound as RTP packets of 20 ms."""
    tone = "audiotestsrc num-buffers=3000 samplesperbuffer=960 volume=0.1 ! audio/x-raw,rate=48000,channels=2"
    pipeline = f"{tone} ! opusenc bitrate=48000 ! rtpopuspay pt=111 ! rtpstreampay ! filesink location="
    return _made(FOLDER / "tone.opus.rtp", lambda to: _run("gst-launch-1.0", "-q", *f"{pipeline}{to}".split()))


def _packets(coded, fps, to):
    pipeline = (
        f"filesrc location={coded} ! h264parse ! video/x-h264,stream-format=byte-stream,alignment=au,framerate={fps}/1 "
        f"! rtph264pay pt=96 mtu=1200 config-interval=-1 aggregate-mode=zero-latency timestamp-offset=0 seqnum-offset=0 "
        f"! rtpstreampay ! filesink location={to}"
    )
    _run("gst-launch-1.0", "-q", *pipeline.split())


def _made(place, make):
    if not place.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_suffix(f"{place.suffix}.new")
        make(unfinished)
        unfinished.rename(place)
    return place


def _run(*words):
    subprocess.run([str(word) for word in words], check=True)
