//! A conversation is killed (SIGKILL) at random moments and started again: it comes back paused at the same step and side,
//! no step is announced twice, and a preference that was confirmed is there. `NAPE_KILL_ROUNDS` sets how often; the seed is printed and can be given with `NAPE_KILL_SEED`.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// Rounds in the test command.
const ROUNDS: u64 = 25;

#[test]
fn a_killed_conversation_comes_back_where_it_was() {
    #[expect(clippy::disallowed_methods, reason = "how a large run is asked for by hand")]
    let number = |name: &str| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let rounds = number("NAPE_KILL_ROUNDS").unwrap_or(ROUNDS);
    let seed = number("NAPE_KILL_SEED").unwrap_or(20_261_123);
    println!("seed {seed}, {rounds} rounds");
    let mut random = Random(seed);
    let (mut in_session, mut before, mut confirmed) = (0, 0, 0);
    for round in 0..rounds {
        match kill_and_return(&mut random) {
            Ok(found) => {
                in_session += u64::from(found.is_in_session);
                before += u64::from(!found.is_in_session);
                confirmed += u64::from(found.is_confirmed);
            }
            Err(wrong) => panic!("round {round} of seed {seed}: {wrong}"),
        }
    }
    println!(
        "{in_session} killed in a routine, {before} before one began, {confirmed} after a preference was confirmed; nothing lost, no step \
         announced twice"
    );
    assert!(in_session > 0 && confirmed > 0, "no round was killed late enough: the test proves nothing");
}

/// When the kill came.
struct Found {
    is_in_session: bool,
    is_confirmed: bool,
}

/// One round: play to a random line, kill, start again, look.
fn kill_and_return(random: &mut Random) -> Result<Found, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let data = folder.path().join("data");
    let mut first = Conversation::start(&data);
    first.say("routine start desk reset")?;
    first.say("none")?;
    first.say("no")?;
    first.say("my settings first_side right")?;
    let steps = random.below(7);
    for _ in 0..steps {
        first.say("next")?;
    }
    first.say("nape about")?;
    // Somewhere among the lines that come of it, so that the kill falls before, between and after commits and cards.
    let lines = random.below(76 + 16 * steps);
    let seen = first.read(usize::try_from(lines).unwrap_or(usize::MAX));
    let seen = [seen, first.kill()].concat();
    let is_confirmed = seen.iter().any(|line| line.contains("left → right"));
    let cards = cards(&seen);

    let mut second = Conversation::start(&data);
    for line in ["my data", "resume", "stop"] {
        second.say(line)?;
    }
    let data = second.rest();
    if is_confirmed && !data.iter().any(|line| line.contains("Setting first_side: right")) {
        return Err("a preference was confirmed, then it was gone".to_owned());
    }
    let running = data.iter().find_map(|line| number_after(line, "A running routine, at step "));
    let away = data.iter().find(|line| line.contains("paused at "));
    let Some(running) = running else {
        let started = cards.len();
        return if started == 0 {
            Ok(Found { is_in_session: false, is_confirmed })
        } else {
            Err(format!("{started} cards were shown, then the routine was gone"))
        };
    };
    let last = cards.last().map_or(0, |card| card.0);
    if running < last {
        return Err(format!("card {last} was shown, but step {running} is what was kept"));
    }
    let away = away.ok_or("the routine came back without a word")?;
    if !away.contains(&format!("paused at {running} of 8")) {
        return Err(format!("it was at step {running}, but says: {away}"));
    }
    let side = cards.iter().find(|card| card.0 == running).map(|card| card.1.as_str());
    if side.is_some_and(|side| !away.contains(side)) {
        return Err(format!("step {running} was {side:?}, but it says: {away}"));
    }
    if !data.iter().any(|line| line.contains("Stopped at step")) {
        return Err(format!("it could not be gone on with and stopped: {data:?}"));
    }
    // What it says by itself, before anybody asks for the step again by going on.
    let by_itself: Vec<String> =
        data.iter().take_while(|line| !line.contains("This is all that I keep")).cloned().collect();
    let again = self::cards(&by_itself);
    if let Some(twice) = again.iter().find(|card| cards.contains(card)) {
        return Err(format!("step {twice:?} was announced twice"));
    }
    Ok(Found { is_in_session: true, is_confirmed })
}

/// The step cards among these lines: number and name with its side.
fn cards(lines: &[String]) -> Vec<(u64, String)> {
    let card = |line: &String| {
        let (position, what) = line.split_once(" · ")?;
        let (number, of) = position.split_once(" of ")?;
        of.parse::<u64>().ok()?;
        Some((number.trim().parse().ok()?, what.trim().to_owned()))
    };
    lines.iter().filter_map(card).collect()
}

fn number_after(line: &str, start: &str) -> Option<u64> {
    let rest = &line[line.find(start)? + start.len()..];
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// `nape chat`, spoken to through pipes.
struct Conversation {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Conversation {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nape"))
            .args(["chat", "--data"])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("the program starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("it was given a pipe"));
        Self { child, input, output }
    }

    fn say(&mut self, line: &str) -> Result<(), String> {
        let input = self.input.as_mut().ok_or("nothing more can be said")?;
        writeln!(input, "{line}").and_then(|()| input.flush()).map_err(|error| error.to_string())
    }

    /// At most so many lines, and no more than come of what was said: the answer to `nape about` is the last.
    fn read(&mut self, lines: usize) -> Vec<String> {
        let mut read: Vec<String> = Vec::new();
        let mut line = String::new();
        while read.len() < lines
            && !read.last().is_some_and(|line| line.contains("Apache License"))
            && self.output.read_line(&mut line).unwrap_or(0) > 0
        {
            read.push(std::mem::take(&mut line));
        }
        read
    }

    /// Says no more; gives all that is said until the end.
    fn rest(mut self) -> Vec<String> {
        drop(self.input.take());
        self.output.by_ref().lines().map_while(Result::ok).collect()
    }

    /// Kills it; gives what it had said but nobody had read.
    fn kill(mut self) -> Vec<String> {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it can be waited for");
        self.output.by_ref().lines().map_while(Result::ok).collect()
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Numbers that are the same for the same seed (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end.max(1)
    }
}
