//! The applications' side of a capture: what was set, which commands ran, which calls they made.

use crate::ReplayError;
use homa_protocol::Sysctls;
use std::path::Path;

/// A sysctl that the scenario wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) scope: Scope,
    /// After how many client commands it was written; before all of them if the log doesn't say.
    pub(crate) after_commands: usize,
    /// What the log shows the cutoffs and their version to be after it.
    pub(crate) shown: Shown,
    pub(crate) line: usize,
}

/// What `sysctl` printed after a change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shown {
    pub(crate) cutoff_version: Option<u32>,
    pub(crate) unsched_cutoffs: Option<[u32; 8]>,
}

/// On which nodes something was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    Server,
    Client,
    Node(u16),
}

/// A client command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// The number of its node.
    pub(crate) node: u16,
    /// The port that it sends to unless a request says otherwise.
    pub(crate) port: Option<u16>,
    /// Bpages in its region.
    pub(crate) bpages: u64,
}

/// A call that an application made, in the order of one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Call {
    /// A request that went out, by its id.
    Send { id: u64, length: u32 },
    /// One that `sendmsg` refused.
    RefusedSend { length: u32 },
    /// A response, or an error, that was received.
    Receive { id: u64 },
    /// The process ended.
    Done,
}

/// One client process.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Process {
    pub(crate) node: u16,
    pub(crate) calls: Vec<Call>,
    /// When it had sent its first request, and when it wrote its last line, in µs on its own clock.
    pub(crate) first_sent_us: Option<u64>,
    pub(crate) last_line_us: Option<u64>,
    /// When its socket was closed, in ns after the first frame: not in the log, but known once frames are.
    pub(crate) done_ns: Option<u64>,
    /// Ports of its sockets that have no region for receiving.
    pub(crate) without_region: Vec<u16>,
    /// How many RPCs it aborted by HOMAIOCABORT.
    pub(crate) aborts: u32,
    /// It makes calls that the log doesn't list one by one (an `API` line).
    pub(crate) unlisted_calls: bool,
}

/// What a server was asked to answer, by the RPC's id at the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) id: u64,
    pub(crate) length: u32,
}

/// A log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Log {
    pub(crate) settings: Vec<Setting>,
    pub(crate) mtu: Option<u32>,
    pub(crate) commands: Vec<Command>,
    pub(crate) processes: Vec<Process>,
    pub(crate) replies: Vec<Reply>,
    /// What a server says that it answered.
    pub(crate) sent_replies: Vec<Reply>,
    /// Numbers of the nodes on which servers ran.
    pub(crate) servers: Vec<u16>,
    /// How often a server said that it begins, which is not logged of the first time.
    pub(crate) server_starts: usize,
}

const DEFAULT_BPAGES: u64 = 200;

/// Reads the log of a capture.
pub(crate) fn read(path: &Path) -> Result<Log, ReplayError> {
    let text =
        std::fs::read_to_string(path).map_err(|cause| ReplayError::Unreadable { path: path.to_owned(), cause })?;
    let mut reader = Reader { path, log: Log::default(), section: Section::None, line: 0 };
    for (index, line) in text.lines().enumerate() {
        reader.line = index + 1;
        reader.read_line(line)?;
    }
    let mut log = reader.log;
    log.processes.retain(|process| *process != Process { node: process.node, ..Process::default() });
    // A change that the log shows where it happened is also announced at the top: that announcement is no other change.
    let shown: Vec<&'static str> =
        log.settings.iter().filter(|setting| setting.line > 2).map(|setting| setting.name).collect();
    let announced: Vec<(&'static str, Scope)> =
        log.settings.iter().filter(|setting| setting.line <= 2).map(|setting| (setting.name, setting.scope)).collect();
    log.settings.retain(|setting| setting.line > 2 || !shown.contains(&setting.name));
    for setting in &mut log.settings {
        if let Some((_, scope)) = announced.iter().find(|(name, _)| *name == setting.name) {
            setting.scope = *scope;
        }
    }
    Ok(log)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    None,
    Client,
    Server,
}

struct Reader<'a> {
    path: &'a Path,
    log: Log,
    section: Section,
    line: usize,
}

impl Reader<'_> {
    fn bad(&self, what: &'static str, value: &str, accepted: &'static str) -> ReplayError {
        let (path, line) = (self.path.to_owned(), self.line);
        ReplayError::BadValue { path, line, what, value: value.to_owned(), accepted }
    }

    fn number<T: std::str::FromStr>(&self, what: &'static str, text: &str) -> Result<T, ReplayError> {
        text.parse().map_err(|_| self.bad(what, text, "a whole number"))
    }

    fn read_line(&mut self, line: &str) -> Result<(), ReplayError> {
        if let Some(setting) = line.strip_prefix("# >") {
            return self.change(setting);
        }
        if let Some(text) = line.strip_prefix('#') {
            if self.line == 2 {
                self.announcement(text)?;
            }
            return Ok(());
        }
        if let Some((node, command)) = line.split_once("$ ").filter(|(node, _)| node.starts_with("node")) {
            let node = self.number("node", &node["node".len()..])?;
            return self.command(node, command);
        }
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            return self.begin_section(name);
        }
        if let Some((name, value)) = line.split_once(" = ").filter(|(name, _)| name.starts_with("net.homa.")) {
            self.shown(&name["net.homa.".len()..], value);
            return Ok(());
        }
        self.call(line)
    }

    fn begin_section(&mut self, name: &str) -> Result<(), ReplayError> {
        self.section = if name.contains("server") { Section::Server } else { Section::Client };
        let Some(node) = name.rsplit("node").next().filter(|_| name.contains("node")) else { return Ok(()) };
        let node = self.number("node", node)?;
        match self.section {
            Section::Server => self.log.servers.push(node),
            _ => self.log.processes.push(Process { node, ..Process::default() }),
        }
        Ok(())
    }

    /// `# > net.homa.NAME = VALUE`: a change at this place.
    fn change(&mut self, text: &str) -> Result<(), ReplayError> {
        let Some((name, value)) = text.split_once('=') else { return Ok(()) };
        let name = name.trim().trim_start_matches("net.homa.");
        let Some(name) = known(name) else { return Ok(()) };
        self.log.settings.push(Setting {
            name,
            value: value.trim().trim_matches('"').to_owned(),
            scope: Scope::All,
            after_commands: self.log.commands.len(),
            shown: Shown::default(),
            line: self.line,
        });
        Ok(())
    }

    fn shown(&mut self, name: &str, value: &str) {
        let Some(setting) = self.log.settings.last_mut() else { return };
        let numbers: Vec<u32> = value.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect();
        match (name, numbers.as_slice()) {
            ("cutoff_version", [version]) => setting.shown.cutoff_version = Some(*version),
            ("unsched_cutoffs", cutoffs) => setting.shown.unsched_cutoffs = cutoffs.try_into().ok(),
            _ => {}
        }
    }

    /// The second line: settings as `NAME=VALUE` in running text, and the MTU.
    fn announcement(&mut self, text: &str) -> Result<(), ReplayError> {
        let scope = scope(text);
        let mut rest = text;
        while let Some(at) = rest.find('=') {
            let (before, after) = (&rest[..at], &rest[at + 1..]);
            let name = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.')).next().unwrap_or("");
            let (value, length) = value(after);
            rest = &after[length..];
            let name = name.strip_prefix("net.homa.").unwrap_or(name);
            let Some(name) = known(name) else { continue };
            let (value, line) = (value.to_owned(), self.line);
            self.log.settings.push(Setting { name, value, scope, after_commands: 0, shown: Shown::default(), line });
        }
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        if let Some(pair) = words.windows(2).find(|pair| pair[0] == "MTU") {
            let digits = pair[1].trim_end_matches(|c: char| !c.is_ascii_digit());
            self.log.mtu = Some(self.number("MTU", digits)?);
        }
        Ok(())
    }

    /// `homa_t [-6] client IP PORT [options] SPEC...`
    fn command(&mut self, node: u16, command: &str) -> Result<(), ReplayError> {
        let words: Vec<&str> = command.split_ascii_whitespace().collect();
        let Some(client) = words.iter().position(|word| *word == "client") else { return Ok(()) };
        let port = words.get(client + 2).map(|port| self.number("port", port)).transpose()?;
        let bpages = match words.iter().position(|word| *word == "-b").and_then(|at| words.get(at + 1)) {
            Some(bpages) => self.number("-b", bpages)?,
            None => DEFAULT_BPAGES,
        };
        self.log.commands.push(Command { node, port, bpages });
        Ok(())
    }

    /// A line of a process's output.
    fn call(&mut self, line: &str) -> Result<(), ReplayError> {
        let words: Vec<&str> = line.trim_start_matches('>').split_ascii_whitespace().collect();
        let after = |name: &str| words.iter().position(|word| *word == name).and_then(|at| words.get(at + 1)).copied();
        let us = words.first().and_then(|ms| ms.parse::<f64>().ok()).filter(|ms| (0.0..1e9).contains(ms));
        let us = us.map(|ms| (ms * 1000.0) as u64);
        match (words.get(1).copied(), words.get(2).copied()) {
            (Some("S"), Some("recv")) => {
                let (Some(id), Some(length)) = (after("id"), after("resp")) else { return Ok(()) };
                let reply = Reply { id: self.number("id", id)?, length: self.number("resp", length)? };
                self.log.replies.push(reply);
            }
            (Some("S"), Some("reply")) if after("rc") == Some("0") => {
                let (Some(id), Some(length)) = (after("id"), after("len")) else { return Ok(()) };
                let reply = Reply { id: self.number("id", id)?, length: self.number("len", length)? };
                self.log.sent_replies.push(reply);
            }
            (Some("C"), Some("send")) => {
                let (Some(id), Some(length), Some(rc)) = (after("id"), after("req"), after("rc")) else {
                    return Ok(());
                };
                let (id, length) = (self.number("id", id)?, self.number("req", length)?);
                let call = if rc == "0" { Call::Send { id, length } } else { Call::RefusedSend { length } };
                let process = self.process();
                process.calls.push(call);
                process.first_sent_us = process.first_sent_us.or(us.filter(|_| rc == "0"));
                process.last_line_us = us;
            }
            (Some("C"), Some("recv")) => {
                let Some(id) = after("id") else { return Ok(()) };
                let id = self.number("id", id)?;
                if id != 0 {
                    self.process().calls.push(Call::Receive { id });
                }
            }
            (Some("C"), Some("done")) => {
                let process = self.process();
                process.calls.push(Call::Done);
                process.last_line_us = us;
                if self.section == Section::Client {
                    let node = self.process().node;
                    self.log.processes.push(Process { node, ..Process::default() });
                }
            }
            (Some("SERVER"), _) if words.last() == Some(&"ready") => self.log.server_starts += 1,
            (Some("INFO"), _) => self.info(&words)?,
            (Some(word), _) if word.starts_with("API|") => self.api(line),
            _ => {}
        }
        Ok(())
    }

    /// A HOMAIOCINFO: tells of which sockets have no region.
    fn info(&mut self, words: &[&str]) -> Result<(), ReplayError> {
        let after = |name: &str| words.iter().position(|word| *word == name).and_then(|at| words.get(at + 1)).copied();
        if let (Some("0"), Some(port)) = (after("bpool_avail"), after("port")) {
            let port = self.number("port", port)?;
            self.process().without_region.push(port);
        }
        Ok(())
    }

    fn api(&mut self, line: &str) {
        let aborts = line.contains("HOMAIOCABORT") && line.contains("|rc=0|");
        let process = self.process();
        process.unlisted_calls = true;
        process.aborts += u32::from(aborts);
    }

    fn process(&mut self) -> &mut Process {
        if self.log.processes.is_empty() {
            // Output before any section: the first node's.
            self.log.processes.push(Process { node: 1, ..Process::default() });
        }
        self.log.processes.last_mut().expect("there is one now")
    }
}

/// The sysctl of this name that can be written.
fn known(name: &str) -> Option<&'static str> {
    Sysctls::TABLE.iter().find(|info| info.name == name && info.writable).map(|info| info.name)
}

/// The value at the start of `text`: in quotes, or up to the next space; and its length with quotes.
fn value(text: &str) -> (&str, usize) {
    if let Some(quoted) = text.strip_prefix('"')
        && let Some(end) = quoted.find('"')
    {
        return (&quoted[..end], end + 2);
    }
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (&text[..end], end)
}

fn scope(text: &str) -> Scope {
    if text.contains("on the server") {
        return Scope::Server;
    }
    if text.contains("on the client") {
        return Scope::Client;
    }
    let number = text.split("on node ").nth(1).map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
    match number.flatten().and_then(|digits| digits.parse().ok()) {
        Some(node) => Scope::Node(node),
        None => Scope::All,
    }
}

impl Log {
    /// The region of the process with this place among those of its node, in bpages.
    pub(crate) fn bpages(&self, node: u16, place: usize) -> u64 {
        let mut commands = self.commands.iter().filter(|command| command.node == node);
        commands.nth(place).map_or(DEFAULT_BPAGES, |command| command.bpages)
    }
}
