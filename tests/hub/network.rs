//! Owns a network that misbehaves: a TCP proxy that cuts, delays, or swallows everything without a word.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Everything gets through after so many ms; `HOLE` for never.
const HOLE: u64 = u64::MAX;

/// A way to the broker.
pub(crate) struct Network {
    port: u16,
    delay: Arc<AtomicU64>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Network {
    /// One that is well.
    pub(crate) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let network = Self {
            port: listener.local_addr().unwrap().port(),
            delay: Arc::default(),
            open: Arc::default(),
        };
        let (delay, open) = (network.delay.clone(), network.open.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let Ok(broker) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                for (from, to) in [(&client, &broker), (&broker, &client)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    open.lock().unwrap().push(from.try_clone().unwrap());
                    let delay = delay.clone();
                    thread::spawn(move || pump(from, to, &delay));
                }
            }
        });
        network
    }

    pub(crate) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Ends every connection; new ones are let through.
    pub(crate) fn cut(&self) {
        for connection in self.open.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Delays everything.
    pub(crate) fn delay(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap();
        self.delay.store(by, Ordering::Relaxed);
    }

    /// Swallows everything; connections stay open.
    pub(crate) fn swallow(&self) {
        self.delay.store(HOLE, Ordering::Relaxed);
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, delay: &AtomicU64) {
    let mut bytes = [0; 16_384];
    while let Ok(many) = from.read(&mut bytes) {
        if many == 0 {
            break;
        }
        match delay.load(Ordering::Relaxed) {
            0 => {}
            // what is swallowed is gone: this connection never works again
            HOLE => loop {
                match from.read(&mut bytes) {
                    Ok(many) if many > 0 => {}
                    Ok(_) | Err(_) => return,
                }
            },
            by => thread::sleep(Duration::from_millis(by)),
        }
        if to.write_all(&bytes[..many]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
