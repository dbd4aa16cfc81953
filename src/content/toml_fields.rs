//! Reads TOML field by field, noting every problem with its line, where serde would stop at the first one.
//!
//! A field that can't be read is noted and left out; the caller goes on with the rest. Never fails, never panics.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as ValueError, StrDeserializer};
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

use super::problem::Log;

/// A TOML text, parsed, that knows which line each value stands on.
pub(crate) struct Document<'t> {
    table: Spanned<DeTable<'t>>,
    places: Places,
}

/// Which line a byte stands on.
#[derive(Debug)]
struct Places {
    /// Where each line starts, in bytes.
    starts: Vec<usize>,
    /// The number of the first line inside the whole file.
    first: usize,
}

/// The fields of one table.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'d> {
    table: &'d DeTable<'d>,
    places: &'d Places,
    line: usize,
}

/// The lines of one table's fields, kept after the text is gone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lines {
    own: usize,
    fields: BTreeMap<String, (usize, Vec<usize>)>,
}

impl<'t> Document<'t> {
    /// Parses `text`, whose first line is line `first` of its file; notes every syntax error and then gives nothing.
    pub(crate) fn parse(text: &'t str, first: usize, log: &mut Log) -> Option<Self> {
        let places = Places::new(text, first);
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let line = error.span().map_or(first, |span| places.line(span));
            let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            log.add(
                line,
                format!("this can't be read as TOML: {message}"),
                "write it like the example in README.md (field = \"text in quotes\")",
            );
        }
        errors.is_empty().then_some(Self { table, places })
    }

    /// The fields of the whole document.
    pub(crate) fn root(&self) -> Fields<'_> {
        Fields { table: self.table.get_ref(), places: &self.places, line: self.places.first }
    }
}

impl Places {
    fn new(text: &str, first: usize) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        Self { starts: std::iter::once(0).chain(newlines).collect(), first }
    }

    fn line(&self, span: Range<usize>) -> usize {
        self.first + self.starts.partition_point(|start| *start <= span.start).saturating_sub(1)
    }
}

impl Lines {
    /// The line of a field, or of its table when the field is missing.
    pub(crate) fn of(&self, field: &str) -> usize {
        self.fields.get(field).map_or(self.own, |(line, _)| *line)
    }

    /// The line of the `index`th item of a list, or of the list.
    pub(crate) fn item(&self, field: &str, index: usize) -> usize {
        let item = self.fields.get(field).and_then(|(_, items)| items.get(index).copied());
        item.unwrap_or_else(|| self.of(field))
    }
}

impl<'d> Fields<'d> {
    /// Where everything stands.
    pub(crate) fn lines(&self) -> Lines {
        let fields = self.table.iter().map(|(key, value)| {
            let items = match value.get_ref() {
                DeValue::Array(items) => items.iter().map(|item| self.places.line(item.span())).collect(),
                _ => Vec::new(),
            };
            (key.get_ref().to_string(), (self.places.line(key.span()), items))
        });
        Lines { own: self.line, fields: fields.collect() }
    }

    /// The names of all fields.
    pub(crate) fn names(&self) -> Vec<String> {
        self.table.keys().map(|key| key.get_ref().to_string()).collect()
    }

    /// Notes every field that isn't in `known`.
    pub(crate) fn only(&self, known: &[&str], log: &mut Log) {
        for (key, _) in self.table.iter() {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let near = known.iter().max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
            let remedy = match near {
                Some(near) if strsim::jaro(near, name) > 0.8 => format!("write `{near}` or take it out"),
                _ => "take it out".to_owned(),
            };
            log.add(self.places.line(key.span()), format!("there is no field `{name}` here"), remedy);
        }
    }

    /// A text that must be there and not be blank.
    pub(crate) fn text(&self, field: &str, log: &mut Log) -> Option<String> {
        let text = self.text_or_empty(field, log)?;
        if text.trim().is_empty() {
            log.add(self.line_of(field), format!("`{field}` is empty"), "write what belongs there");
            return None;
        }
        Some(text)
    }

    /// A text that must be there and may be empty.
    pub(crate) fn text_or_empty(&self, field: &str, log: &mut Log) -> Option<String> {
        self.required(field, log)?;
        self.optional_text(field, log)
    }

    /// A text that may be missing.
    pub(crate) fn optional_text(&self, field: &str, log: &mut Log) -> Option<String> {
        let value = self.value(field)?;
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong_kind(field, value, "a text", "put it in double quotes", log);
        }
        text
    }

    /// A list of texts, none of them blank (a blank one is noted, and empty); the list must be there and may be empty.
    pub(crate) fn texts(&self, field: &str, log: &mut Log) -> Option<Vec<String>> {
        let mut texts = Vec::new();
        for item in self.array(field, log)?.iter() {
            match item.get_ref().as_str() {
                Some(text) if !text.trim().is_empty() => texts.push(text.to_owned()),
                // What can't be used stays as an empty text, so that the others keep their places.
                Some(_) => {
                    texts.push(String::new());
                    let line = self.places.line(item.span());
                    log.add(line, format!("`{field}` has an empty item"), "write it or take it out");
                }
                None => {
                    texts.push(String::new());
                    self.wrong_kind(field, item, "a list of texts", "put each item in double quotes", log);
                }
            }
        }
        Some(texts)
    }

    /// A whole number, not below zero.
    pub(crate) fn whole(&self, field: &str, log: &mut Log) -> Option<u32> {
        let value = self.required(field, log)?;
        let number = whole_number(value.get_ref());
        if number.is_none() {
            self.wrong_kind(field, value, "a whole number from 0", "write digits without quotes", log);
        }
        number
    }

    /// Exactly two whole numbers.
    pub(crate) fn pair(&self, field: &str, log: &mut Log) -> Option<[u32; 2]> {
        let value = self.required(field, log)?;
        let numbers: Option<Vec<u32>> = value
            .get_ref()
            .as_array()
            .and_then(|items| items.iter().map(|item| whole_number(item.get_ref())).collect());
        let pair = numbers.and_then(|numbers| <[u32; 2]>::try_from(numbers).ok());
        if pair.is_none() {
            self.wrong_kind(field, value, "two whole numbers", "write the lowest and the highest, as in [1, 2]", log);
        }
        pair
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, field: &str, log: &mut Log) -> Option<bool> {
        self.required(field, log)?;
        self.optional_flag(field, log)
    }

    /// `true` or `false`, or nothing.
    pub(crate) fn optional_flag(&self, field: &str, log: &mut Log) -> Option<bool> {
        let value = self.value(field)?;
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.wrong_kind(field, value, "true or false", "write one of them without quotes", log);
        }
        flag
    }

    /// A day of the calendar, without a time.
    pub(crate) fn date(&self, field: &str, log: &mut Log) -> Option<jiff::civil::Date> {
        let value = self.required(field, log)?;
        let moment = value.get_ref().as_datetime().filter(|moment| moment.time.is_none() && moment.offset.is_none());
        let date = moment.and_then(|moment| moment.date).and_then(|date| {
            let (year, month, day) = (i16::try_from(date.year), i8::try_from(date.month), i8::try_from(date.day));
            jiff::civil::Date::new(year.ok()?, month.ok()?, day.ok()?).ok()
        });
        if date.is_none() {
            self.wrong_kind(field, value, "a day", "write it like 2026-11-23, without quotes", log);
        }
        date
    }

    /// One word of a fixed list, as the type's serde names have it; `choices` is for the reader.
    pub(crate) fn word<T: for<'de> Deserialize<'de>>(&self, field: &str, choices: &str, log: &mut Log) -> Option<T> {
        self.required(field, log)?;
        self.optional_word(field, choices, log)
    }

    /// One word of a fixed list, or nothing.
    pub(crate) fn optional_word<T: for<'de> Deserialize<'de>>(
        &self,
        field: &str,
        choices: &str,
        log: &mut Log,
    ) -> Option<T> {
        let text = self.optional_text(field, log)?;
        let source: StrDeserializer<'_, ValueError> = text.as_str().into_deserializer();
        let word = T::deserialize(source).ok();
        if word.is_none() {
            log.add(self.line_of(field), format!("`{field}` can't be \"{text}\""), format!("choose one of {choices}"));
        }
        word
    }

    /// The tables of a list, such as all `[[step]]`; must be there.
    pub(crate) fn tables(&self, field: &str, log: &mut Log) -> Vec<Fields<'d>> {
        let mut tables = Vec::new();
        let Some(items) = self.array(field, log) else { return tables };
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => {
                    tables.push(Fields { table, places: self.places, line: self.places.line(item.span()) });
                }
                None => self.wrong_kind(
                    field,
                    item,
                    "a list of tables",
                    &format!("start each with a line [[{field}]]"),
                    log,
                ),
            }
        }
        tables
    }

    fn array(&self, field: &str, log: &mut Log) -> Option<&'d DeArray<'d>> {
        let value = self.required(field, log)?;
        let array = value.get_ref().as_array();
        if array.is_none() {
            self.wrong_kind(field, value, "a list", "put the items in [ ] with commas between them", log);
        }
        array
    }

    fn required(&self, field: &str, log: &mut Log) -> Option<&'d Spanned<DeValue<'d>>> {
        let value = self.value(field);
        if value.is_none() {
            log.add(self.line, format!("the field `{field}` is missing"), "add it as README.md shows");
        }
        value
    }

    fn value(&self, field: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.table.iter().find(|(key, _)| key.get_ref() == field).map(|(_, value)| value)
    }

    fn line_of(&self, field: &str) -> usize {
        self.table.keys().find(|key| key.get_ref() == field).map_or(self.line, |key| self.places.line(key.span()))
    }

    fn wrong_kind(&self, field: &str, value: &Spanned<DeValue<'d>>, wanted: &str, remedy: &str, log: &mut Log) {
        log.add(self.places.line(value.span()), format!("`{field}` must be {wanted}"), remedy);
    }
}

fn whole_number(value: &DeValue<'_>) -> Option<u32> {
    let integer = value.as_integer()?;
    u32::from_str_radix(integer.as_str(), integer.radix()).ok()
}
