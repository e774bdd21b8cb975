//! Owns the check of the phones: what speaks is installed, modems are plugged in, gateways have an address, passwords are there.

use super::finding::{Finding, Level};
use super::run::Premises;
use crate::config::{LinePort, PhoneLine, Profile, Speech};
use std::net::ToSocketAddrs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub(super) fn check(profile: &Profile, premises: &Premises) -> Vec<Finding> {
    let phone = &profile.phone;
    let used = phone.lines.iter().filter(|line| line.enabled);
    let lines = used.map(|line| of_line(line, premises)).collect::<Vec<_>>();
    if lines.is_empty() {
        // a room that calls nobody needs nothing
        return lines;
    }
    [of_speech(&phone.speech)]
        .into_iter()
        .chain(lines)
        .collect()
}

fn of_speech(speech: &Speech) -> Finding {
    let subject = text!("语音合成", "Speech");
    let (there, name, remedy) = match speech {
        Speech::Espeak => (
            in_path("espeak-ng"),
            "espeak-ng".to_owned(),
            text!("apt-get install espeak-ng", "apt-get install espeak-ng"),
        ),
        Speech::Program(command) => {
            let program = command.first().cloned().unwrap_or_default();
            let remedy = text!(
                "安装该程序，或改正 [phone.speech] 的 command",
                "install it, or correct command in [phone.speech]"
            );
            (in_path(&program), program, remedy)
        }
        Speech::Sherpa { python, model, .. } => {
            let model_there = has_model(model);
            let python_there = has_sherpa(python);
            let missing = match (in_path(python), python_there) {
                (false, _) => python.clone(),
                (true, false) => format!("sherpa-onnx ({python})"),
                (true, true) => format!("{0}/*.onnx, {0}/tokens.txt", model.display()),
            };
            let remedy = text!(
                "安装 Python 包 sherpa-onnx，放好模型文件夹，或改正 [phone.speech] 的 python 和 model",
                "pip install sherpa-onnx, put the model's folder there, or correct python and model in [phone.speech]"
            );
            (python_there && model_there, missing, remedy)
        }
        Speech::Recordings(folder) => {
            let remedy = text!(
                "放入录音，或改正 [phone.speech] 的 folder",
                "put the recordings there, or correct folder in [phone.speech]"
            );
            (folder.is_dir(), folder.display().to_string(), remedy)
        }
    };
    match there {
        true => Finding::ok("speech", subject, text!("{name}", "{name}")),
        false => Finding::bad(
            Level::Fault,
            "speech",
            subject,
            text!("缺少 {name}", "{name} is missing"),
            text!(
                "通知无法合成，不会呼叫任何人",
                "the notice cannot be spoken, so nobody is called"
            ),
            remedy,
        ),
    }
}

/// Whether a folder could be a model of sherpa-onnx.
fn has_model(folder: &Path) -> bool {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names = files.map(|file| file.path());
    folder.join("tokens.txt").is_file()
        && names.any(|name| name.extension().is_some_and(|e| e == "onnx"))
}

/// Whether a Python has the package.
fn has_sherpa(python: &str) -> bool {
    let found =
        "import importlib.util, sys; sys.exit(importlib.util.find_spec('sherpa_onnx') is None)";
    let asked = Command::new(python)
        .args(["-c", found])
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

fn in_path(program: &str) -> bool {
    if program.contains('/') {
        return Path::new(program).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder: PathBuf| folder.join(program).is_file())
}

fn of_line(line: &PhoneLine, premises: &Premises) -> Finding {
    let id = &line.id;
    let subject = text!("电话线路 {id}", "Phone line {id}");
    let wrong = |what: crate::config::Text, why, remedy| {
        Finding::bad(Level::Fault, "phone", subject.clone(), what, why, remedy)
    };
    let secret = match &line.port {
        LinePort::Sip(gateway) => &gateway.password,
        LinePort::Modem(port) => &port.pin,
    };
    if let Some(Err(error)) = secret
        .as_ref()
        .map(|s| s.read(premises.credentials.as_deref()))
    {
        return wrong(
            text!("密码无法读取", "its password cannot be read"),
            text!("{error}", "{error}"),
            text!(
                "放好密码文件，或改正 [[phone.lines]]",
                "put the password there, or correct [[phone.lines]]"
            ),
        );
    }
    match &line.port {
        LinePort::Sip(gateway) => {
            let (host, port) = (&gateway.host, gateway.port);
            match (host.as_str(), port).to_socket_addrs() {
                Ok(found) if found.len() > 0 => Finding::ok(
                    "phone",
                    subject,
                    text!("网关 {host}:{port}", "gateway {host}:{port}"),
                ),
                Ok(_) | Err(_) => wrong(
                    text!("网关 {host} 没有地址", "the gateway {host} has no address"),
                    text!("无法解析主机名", "its name cannot be resolved"),
                    text!(
                        "改正 gateway，或检查 DNS",
                        "correct gateway, or look at the name server"
                    ),
                ),
            }
        }
        LinePort::Modem(port) => match [&port.device, &port.sound]
            .into_iter()
            .find(|path| !path.exists())
        {
            None => {
                let device = port.device.display();
                Finding::ok(
                    "phone",
                    subject,
                    text!("语音模块 {device}", "modem {device}"),
                )
            }
            Some(path) => {
                let path = path.display();
                wrong(
                    text!("没有 {path}", "there is no {path}"),
                    text!(
                        "语音模块未插好，或端口不对",
                        "the modem is not plugged in, or has another port"
                    ),
                    text!(
                        "插好语音模块，或改正 device 和 sound",
                        "plug it in, or correct device and sound"
                    ),
                )
            }
        },
    }
}
