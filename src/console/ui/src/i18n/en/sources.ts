// Owns the English words for what is wrong with a camera, microphone or workstation, and what to do.
import type { SourceFaults } from "../shape";

const noun = { video: "picture", audio: "sound" };

export const sourceFaults: SourceFaults = {
  host_unknown: (f) => ({ what: `no host ${f.host}`, todo: "Check the address in the profile, or write the IP address." }),
  connection_refused: (f) => ({ what: `${f.address} refuses the connection`, todo: "The camera may be starting, or its RTSP is off. Check the port; restart the camera if need be." }),
  no_answer: (f) => ({ what: `${f.address} does not answer`, todo: "Check the camera's power, cable and switch; ping its address." }),
  unreachable: (f) => ({ what: `${f.address} cannot be reached`, todo: "Check the box's network port, cable and network settings." }),
  wrong_credentials: () => ({ what: "wrong user name or password", todo: "Check both in the profile; after many failures a camera may lock for minutes." }),
  no_such_stream: () => ({ what: "the camera has no such stream", todo: "Check the path in the address against the camera's manual." }),
  odd_answer: () => ({ what: "the camera answers oddly", todo: "See that the address is the camera's RTSP port; restart the camera or update its firmware." }),
  unanswered: () => ({ what: "the camera leaves requests unanswered", todo: "Restart the camera; see whether too many others are connected to it." }),
  closed: () => ({ what: "the camera closed the connection", todo: "Check the camera's power and cable. It reconnects by itself." }),
  nothing_usable: (f) => ({ what: `no picture or sound that can be recorded, only ${f.offered.join(", ")}`, todo: "Set the camera's video to H.264 or H.265, its audio to AAC or G.711." }),
  never_came: (f) => ({ what: `connected, but no ${noun[f.track]} comes`, todo: f.track === "video" ? "Restart the camera and look at its stream settings." : "Check the camera's microphone and wiring; where it has none, switch its audio off." }),
  stalled: (f) => ({ what: `the ${noun[f.track]} stopped`, todo: "See whether the device hangs or the network is congested. It reconnects by itself." }),
  unreadable: (f) => ({ what: `the ${noun[f.track]} that comes cannot be read`, todo: "Save the camera's encoding settings anew, restart it or update its firmware; else replace it." }),
  codec_changed: () => ({ what: "the encoding changed", todo: "It reconnects by itself. Leave the camera's settings alone during a session." }),
  clock_jumped: (f) => ({ what: `the timestamps of the ${noun[f.track]} leapt`, todo: "It is recorded on by the box's clock. Give the camera a time server; if it happens again, update its firmware." }),
  device: (f) => ({ what: `the device cannot be used (${f.detail})`, todo: "Check its name and wiring; bidroom's user must be in the groups video and audio." }),
  software: (f) => ({ what: `media software failed (${f.detail})`, todo: "Run bidroom check, and have the administrator look at GStreamer's installation." }),
  misconfigured: (f) => ({ what: `the profile cannot be used (${f.detail})`, todo: "Run bidroom check, mend the profile, restart." }),
  capture_stopped: () => ({ what: "its capture was stopped", todo: "The box's program is stopping or restarting; it comes back by itself." }),
  daemon_started: () => ({ what: "the box's program has just started", todo: "It connects anew; wait a moment." }),
  workstation_left: () => ({ what: "the workstation closed its page", todo: "Open the page again at that seat." }),
  workstation_replaced: () => ({ what: "the workstation connects anew", todo: "Nothing to do." }),
  workstation_unheard: () => ({ what: "the workstation is not heard", todo: "Check the workstation's power, cable and page." }),
  connection_failed: () => ({ what: "the connection to the workstation failed", todo: "Check the workstation's network and firewall; reload its page." }),
  other: (f) => ({ what: f.detail, todo: "Check power, cable and the workstation's page. It reconnects by itself." }),
};
