//! A Rust file as tokens with lines, comments and strings taken out: as much of the grammar as the walls need.

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// An identifier, keyword or number.
    Word(String),
    /// Any other character.
    Sign(char),
}

/// A file.
#[derive(Debug)]
pub struct Source {
    /// From the root, with slashes.
    pub path: String,
    /// As written.
    pub text: String,
    /// Tokens and their lines, from 1.
    pub tokens: Vec<(Token, usize)>,
}

impl Source {
    /// Reads it.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), tokens: tokens(text) }
    }

    /// Whether the token at `index` is this word.
    pub fn is_word(&self, index: usize, word: &str) -> bool {
        matches!(self.tokens.get(index), Some((Token::Word(found), _)) if found == word)
    }

    /// Whether the token at `index` is this sign.
    pub fn is_sign(&self, index: usize, sign: char) -> bool {
        matches!(self.tokens.get(index), Some((Token::Sign(found), _)) if *found == sign)
    }

    /// Whether `::` stands at `index`.
    pub fn is_path_sign(&self, index: usize) -> bool {
        self.is_sign(index, ':') && self.is_sign(index + 1, ':')
    }

    /// The word at `index`.
    pub fn word(&self, index: usize) -> Option<&str> {
        match self.tokens.get(index)? {
            (Token::Word(word), _) => Some(word),
            (Token::Sign(_), _) => None,
        }
    }

    /// The line of the token at `index`.
    pub fn line(&self, index: usize) -> usize {
        self.tokens.get(index).map_or(0, |(_, line)| *line)
    }

    /// The index after the bracket that closes the one at `open`.
    pub fn after_group(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for index in open..self.tokens.len() {
            match self.tokens[index].0 {
                Token::Sign('{' | '(' | '[') => depth += 1,
                Token::Sign('}' | ')' | ']') => depth = depth.saturating_sub(1),
                Token::Word(_) | Token::Sign(_) => {}
            }
            if depth == 0 {
                return index + 1;
            }
        }
        self.tokens.len()
    }
}

fn tokens(text: &str) -> Vec<(Token, usize)> {
    let characters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < characters.len() {
        let end = match characters[at] {
            '/' if characters.get(at + 1) == Some(&'/') => to_line_end(&characters, at),
            '/' if characters.get(at + 1) == Some(&'*') => after_comment(&characters, at),
            '"' => after_string(&characters, at + 1),
            '\'' => after_quote(&characters, at),
            'r' | 'b' | 'c' if raw_string(&characters, at).is_some() => {
                raw_string(&characters, at).unwrap_or(at + 1)
            }
            first if first.is_alphanumeric() || first == '_' => {
                let end =
                    at + characters[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
                tokens.push((Token::Word(characters[at..end].iter().collect()), line));
                end
            }
            space if space.is_whitespace() => at + 1,
            sign => {
                tokens.push((Token::Sign(sign), line));
                at + 1
            }
        };
        line += characters[at..end.min(characters.len())].iter().filter(|c| **c == '\n').count();
        at = end;
    }
    tokens
}

fn to_line_end(characters: &[char], at: usize) -> usize {
    at + characters[at..].iter().take_while(|c| **c != '\n').count()
}

fn after_comment(characters: &[char], at: usize) -> usize {
    let (mut depth, mut here) = (0, at);
    while here < characters.len() {
        match (characters[here], characters.get(here + 1)) {
            ('/', Some('*')) => (depth, here) = (depth + 1, here + 2),
            ('*', Some('/')) => (depth, here) = (depth - 1, here + 2),
            _ => here += 1,
        }
        if depth == 0 {
            return here;
        }
    }
    here
}

fn after_string(characters: &[char], mut at: usize) -> usize {
    while at < characters.len() && characters[at] != '"' {
        at += if characters[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// A character, or a lifetime's quote.
fn after_quote(characters: &[char], at: usize) -> usize {
    match (characters.get(at + 1), characters.get(at + 2)) {
        (Some('\\'), _) => at + 3 + characters[at + 3..].iter().take_while(|c| **c != '\'').count() + 1,
        (Some(_), Some('\'')) => at + 3,
        _ => at + 1,
    }
}

/// The end of `r".."`, `b".."`, `br#".."#`, `c".."`, if one begins here.
fn raw_string(characters: &[char], at: usize) -> Option<usize> {
    let mut here = at;
    let raw = characters[at..].iter().take(2).take_while(|c| matches!(c, 'r' | 'b' | 'c')).any(|c| *c == 'r');
    here += characters[at..].iter().take(2).take_while(|c| matches!(c, 'r' | 'b' | 'c')).count();
    let hashes = characters[here..].iter().take_while(|c| **c == '#').count();
    here += hashes;
    if characters.get(here) != Some(&'"') || (hashes > 0 && !raw) {
        return None;
    }
    if !raw {
        return Some(after_string(characters, here + 1));
    }
    here += 1;
    while here < characters.len() {
        if characters[here] == '"'
            && characters[here + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
        {
            return Some(here + 1 + hashes);
        }
        here += 1;
    }
    Some(here)
}

#[test]
fn comments_strings_and_characters_are_taken_out_and_lines_kept() {
    let text = "a // crate::b\n/* c /* d */ e */ f \"g \\\" h\" 'i' '\\'' '\\u{e9}' &'life x\nr#\"j \" k\"# b\"l\" m";
    let found: Vec<String> = tokens(text)
        .into_iter()
        .map(|(token, line)| match token {
            Token::Word(word) => format!("{word}{line}"),
            Token::Sign(sign) => format!("{sign}{line}"),
        })
        .collect();
    assert_eq!(found, ["a1", "f2", "&2", "life2", "x2", "m3"]);
}
