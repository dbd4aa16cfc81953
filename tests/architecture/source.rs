//! A Rust file as the checks see it: comments and strings taken out of the code, tests marked.

/// One file.
pub struct Source {
    /// Its path from the repository's root, with slashes.
    pub path: String,
    /// The code, of the same length in lines: comments are blank, strings are empty.
    code: String,
    /// What stands in strings, with their lines.
    strings: Vec<(usize, String)>,
    /// For each line, from 0: whether it belongs to a test.
    tests: Vec<bool>,
}

impl Source {
    /// Reads a file.
    pub fn read(path: &str, text: &str) -> Source {
        let (code, strings) = strip(text);
        let tests = test_lines(&code);
        Source { path: path.to_owned(), code, strings, tests }
    }

    /// The files that are taken in by `#[cfg(test)] mod name;` here.
    pub fn test_files(&self) -> Vec<String> {
        let tokens = tokens(&self.code);
        let folder = match self.path.rsplit_once('/') {
            Some((folder, "mod.rs" | "lib.rs" | "main.rs")) => folder.to_owned(),
            _ => self.path.trim_end_matches(".rs").to_owned(),
        };
        let names = tokens.windows(3).filter(|three| three[0].text == "mod" && three[2].text == ";");
        let names = names.filter(|three| self.is_test(three[0].line)).map(|three| three[1].text.clone());
        names.flat_map(|name| [format!("{folder}/{name}.rs"), format!("{folder}/{name}/mod.rs")]).collect()
    }

    /// Takes the whole file for a test.
    pub fn all_test(mut self) -> Source {
        self.tests.iter_mut().for_each(|line| *line = true);
        self
    }

    /// Whether the file belongs to this room.
    pub fn is_in(&self, room: &str) -> bool {
        self.path.starts_with(&format!("src/{room}/"))
    }

    /// How many lines are no tests.
    pub fn lines_without_tests(&self) -> usize {
        self.tests.iter().filter(|test| !**test).count()
    }

    /// The rooms that are named outside tests by a path from the root, with their lines.
    pub fn rooms_named(&self) -> Vec<(usize, String)> {
        let tokens = tokens(&self.code);
        let mut found = Vec::new();
        // How many modules deep the file itself lies: `src/a/mod.rs` and `src/a.rs` 1, `src/a/b.rs` 2.
        let parts: Vec<&str> = self.path.trim_start_matches("src/").trim_end_matches(".rs").split('/').collect();
        let own_depth = parts.iter().filter(|part| !["mod", "lib", "main"].contains(part)).count();
        let mut inner: Vec<usize> = Vec::new();
        let mut braces = 0;
        for (index, token) in tokens.iter().enumerate() {
            let is = |at: usize, text: &str| tokens.get(at).is_some_and(|token| token.text == text);
            match token.text.as_str() {
                "{" => {
                    if index >= 2 && is(index - 2, "mod") {
                        inner.push(braces);
                    }
                    braces += 1;
                }
                "}" => {
                    braces -= 1;
                    if inner.last() == Some(&braces) {
                        inner.pop();
                    }
                }
                "crate" if is(index + 1, "::") && !(index > 0 && is(index - 1, "::")) => {
                    names_after(&tokens, index + 2, &mut found);
                }
                "super" if !(index > 0 && is(index - 1, "::")) => {
                    let mut at = index;
                    let mut ups = 1;
                    while is(at + 1, "::") && is(at + 2, "super") {
                        (at, ups) = (at + 2, ups + 1);
                    }
                    // So many ups lead to the root: what comes next is a room.
                    if ups >= own_depth + inner.len() && is(at + 1, "::") {
                        names_after(&tokens, at + 2, &mut found);
                    }
                }
                _ => {}
            }
        }
        found.retain(|(line, _)| !self.is_test(*line));
        found
    }

    /// Lines on which a path begins with this crate's name.
    pub fn lines_with_path(&self, name: &str) -> Vec<usize> {
        let tokens = tokens(&self.code);
        let starts = tokens.iter().enumerate().filter(|(index, token)| {
            let after = |text: &str| *index > 0 && tokens[index - 1].text == text;
            // `a::name::b` goes on with a path, `::name` begins one.
            let goes_on = after("::") && *index > 1 && tokens[index - 2].is_name();
            let leads_on = tokens.get(index + 1).is_some_and(|next| next.text == "::");
            token.text == name && !goes_on && (leads_on || after("use"))
        });
        starts.map(|(_, token)| token.line).collect()
    }

    /// Names and strings outside tests that hold this word in any case, with their lines.
    pub fn words_with(&self, word: &str) -> Vec<(usize, String)> {
        let names = tokens(&self.code).into_iter().filter(Token::is_name).map(|token| (token.line, token.text));
        let all = names.chain(self.strings.iter().cloned());
        all.filter(|(line, text)| !self.is_test(*line) && text.to_lowercase().contains(word)).collect()
    }

    /// Lines outside tests on which this stands in the code, as whole words.
    pub fn lines_with(&self, what: &str) -> Vec<usize> {
        let mut lines = Vec::new();
        for (number, line) in (1..).zip(self.code.lines()) {
            let mut rest = line;
            let mut before = ' ';
            while let Some(at) = rest.find(what) {
                before = rest[..at].chars().next_back().unwrap_or(before);
                let is_whole = !what.starts_with(char::is_alphabetic) || !(before.is_alphanumeric() || before == '_');
                if is_whole && !self.is_test(number) {
                    lines.push(number);
                }
                rest = &rest[at + what.len()..];
            }
        }
        lines
    }

    fn is_test(&self, line: usize) -> bool {
        self.tests.get(line - 1).copied().unwrap_or(false)
    }
}

/// A name or a sign.
#[derive(Debug)]
struct Token {
    line: usize,
    text: String,
}

impl Token {
    fn is_name(&self) -> bool {
        self.text.starts_with(|c: char| c.is_alphabetic() || c == '_')
    }
}

fn tokens(code: &str) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    for (number, line) in (1..).zip(code.lines()) {
        let mut chars = line.char_indices().peekable();
        while let Some((start, c)) = chars.next() {
            let mut end = start + c.len_utf8();
            if c.is_alphanumeric() || c == '_' {
                while let Some((at, next)) = chars.next_if(|(_, next)| next.is_alphanumeric() || *next == '_') {
                    end = at + next.len_utf8();
                }
            } else if c.is_whitespace() {
                continue;
            } else if c == ':' && chars.next_if(|(_, next)| *next == ':').is_some() {
                end += 1;
            }
            found.push(Token { line: number, text: line[start..end].to_owned() });
        }
    }
    found
}

/// The first names of what follows `crate::`, a group's members each.
fn names_after(tokens: &[Token], at: usize, found: &mut Vec<(usize, String)>) {
    let Some(first) = tokens.get(at) else { return };
    if first.is_name() {
        found.push((first.line, first.text.clone()));
    }
    if first.text != "{" {
        return;
    }
    let mut depth = 0;
    let mut is_first = false;
    for token in &tokens[at..] {
        match token.text.as_str() {
            "{" => {
                depth += 1;
                is_first = depth == 1;
            }
            "}" => depth -= 1,
            "," => is_first = depth == 1,
            _ if is_first => {
                found.push((token.line, token.text.clone()));
                is_first = false;
            }
            _ => {}
        }
        if depth == 0 {
            return;
        }
    }
}

/// Lines that belong to an item under `#[cfg(test)]`.
fn test_lines(code: &str) -> Vec<bool> {
    let lines: Vec<&str> = code.lines().collect();
    let mut tests = vec![false; lines.len()];
    let mut at = 0;
    while at < lines.len() {
        if !lines[at].trim_start().starts_with("#[cfg(test)]") {
            at += 1;
            continue;
        }
        // The item ends with its closing brace, or with a semicolon before any brace.
        let mut depth = 0;
        let mut is_over = false;
        let mut skip = lines[at].find("#[cfg(test)]").unwrap_or(0) + "#[cfg(test)]".len();
        while at < lines.len() && !is_over {
            tests[at] = true;
            for c in lines[at][skip..].chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    _ => {}
                }
                if depth == 0 && matches!(c, '}' | ';') {
                    // What stands behind it on the same line is judged as no test, to be on the safe side.
                    let rest = lines[at].rsplit(c).next().unwrap_or_default();
                    tests[at] = rest.trim().is_empty();
                    is_over = true;
                    break;
                }
            }
            skip = 0;
            at += 1;
        }
    }
    tests
}

/// Code without comments and strings, and the strings.
fn strip(text: &str) -> (String, Vec<(usize, String)>) {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut strings) = (String::new(), Vec::new());
    let (mut at, mut line) = (0, 1);
    let starts = |at: usize, what: &str| what.chars().enumerate().all(|(offset, c)| chars.get(at + offset) == Some(&c));
    while at < chars.len() {
        let c = chars[at];
        let after_name = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
        if starts(at, "//") {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if starts(at, "/*") {
            let mut depth = 0;
            while at < chars.len() {
                if starts(at, "/*") {
                    (depth, at) = (depth + 1, at + 2);
                } else if starts(at, "*/") {
                    (depth, at) = (depth - 1, at + 2);
                } else {
                    if chars[at] == '\n' {
                        code.push('\n');
                        line += 1;
                    }
                    at += 1;
                }
                if depth == 0 {
                    break;
                }
            }
        } else if let Some(hashes) = raw_string(&chars, at).filter(|_| !after_name) {
            let open = at + chars[at..].iter().position(|c| *c == '"').unwrap_or(0) + 1;
            let close: String = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let mut end = open;
            while end < chars.len() && !starts(end, &close) {
                end += 1;
            }
            take_string(&chars[open..end.min(chars.len())], &mut line, &mut code, &mut strings);
            at = end + close.len();
        } else if c == '"' {
            let mut end = at + 1;
            while end < chars.len() && chars[end] != '"' {
                end += if chars[end] == '\\' { 2 } else { 1 };
            }
            take_string(&chars[at + 1..end.min(chars.len())], &mut line, &mut code, &mut strings);
            at = end + 1;
        } else if c == '\'' && chars.get(at + 1) == Some(&'\\') {
            at += 3;
            while at < chars.len() && chars[at] != '\'' {
                at += 1;
            }
            at += 1;
            code.push_str("' '");
        } else if c == '\'' && chars.get(at + 2) == Some(&'\'') {
            at += 3;
            code.push_str("' '");
        } else {
            if c == '\n' {
                line += 1;
            }
            code.push(c);
            at += 1;
        }
    }
    (code, strings)
}

/// How many hashes a raw string that begins here has.
fn raw_string(chars: &[char], at: usize) -> Option<usize> {
    let mut at = at;
    if matches!(chars.get(at), Some('b' | 'c')) {
        at += 1;
    }
    if chars.get(at) != Some(&'r') {
        return None;
    }
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    (chars.get(at + 1 + hashes) == Some(&'"')).then_some(hashes)
}

fn take_string(inside: &[char], line: &mut usize, code: &mut String, strings: &mut Vec<(usize, String)>) {
    let text: String = inside.iter().collect();
    strings.push((*line, text));
    let breaks = inside.iter().filter(|c| **c == '\n').count();
    *line += breaks;
    code.push_str("\"\"");
    code.extend(std::iter::repeat_n('\n', breaks));
}
