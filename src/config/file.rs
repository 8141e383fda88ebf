//! Parses the file: keys with values, and a section per context.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Spanned};

use super::{ConfigError, Key, Place, Setting, values};

/// The settings of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct File {
    /// For all contexts.
    pub settings: Vec<Setting>,
    /// By context.
    pub contexts: BTreeMap<String, Vec<Setting>>,
}

impl File {
    /// Parses the text of the file at `path`.
    pub fn read(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let reader = Reader { path, text };
        let top: Option<Spanned<Node>> = serde_yaml::from_str(text).map_err(|error| reader.syntax(&error))?;
        let mut file = Self::default();
        // a file of comments is empty
        let Some(top) = top.filter(|top| !matches!(top.value, Node::Nothing)) else { return Ok(file) };
        for (key, node) in reader.entries(&top, "a mapping of keys to values")? {
            if key.value != "contexts" {
                file.settings.push(reader.setting(key, node, None)?);
                continue;
            }
            for (context, section) in reader.entries(node, "a mapping of contexts to sections")? {
                let entries = reader.entries(section, "a mapping of keys to values")?.iter();
                let settings: Result<Vec<Setting>, ConfigError> =
                    entries.map(|(key, node)| reader.setting(key, node, Some(&context.value))).collect();
                file.contexts.insert(context.value.clone(), settings?);
            }
        }
        Ok(file)
    }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn place(&self, location: Location, context: Option<&str>) -> Place {
        let (line, column) = (location.line(), location.column());
        let context = context.map(str::to_owned);
        Place::File { path: self.path.to_owned(), line, column, context }
    }

    fn syntax(&self, error: &serde_yaml::Error) -> ConfigError {
        let place = Box::new(self.place(error.location().unwrap_or(Location::UNKNOWN), None));
        let said = error.without_snippet().to_string();
        // it ends with the place, which is already known, or with advice for programmers
        let why = said.rsplit_once(" at line ").map_or(said.as_str(), |(why, _)| why);
        let why = [", set DuplicateKeyPolicy", "; use "]
            .iter()
            .fold(why, |why, advice| why.split_once(advice).map_or(why, |(why, _)| why))
            .to_owned();
        ConfigError::Syntax { place, why }
    }

    fn entries<'n>(&self, node: &'n Spanned<Node>, expected: &str) -> Result<&'n [Entry], ConfigError> {
        match &node.value {
            Node::Entries(entries) => Ok(entries),
            _ => {
                let place = Box::new(self.place(node.referenced, None));
                Err(ConfigError::Syntax { place, why: format!("expected {expected}") })
            }
        }
    }

    fn setting(
        &self,
        name: &Spanned<String>,
        node: &Spanned<Node>,
        context: Option<&str>,
    ) -> Result<Setting, ConfigError> {
        let place = Box::new(self.place(name.referenced, context));
        let Some(key) = Key::named(&name.value) else {
            return Err(ConfigError::UnknownKey { place, key: name.value.clone() });
        };
        if context.is_some() && !key.is_per_context {
            return Err(ConfigError::NotOfContext { place, key: key.name });
        }
        let wrong = |why: &str| {
            let place = Box::new(self.place(node.referenced, context));
            Err(ConfigError::Syntax { place, why: format!("`{}` {why}", key.name) })
        };
        let given = match &node.value {
            Node::Scalar(_) => vec![self.scalar(node)],
            Node::List(list) if key.is_list() => {
                let mut given = Vec::new();
                for item in list {
                    let Node::Scalar(_) = item.value else { return wrong("must be a list of scalars") };
                    given.push(self.scalar(item));
                }
                given
            }
            Node::Entries(entries) if key.is_list() => {
                let mut given = Vec::new();
                for (part, item) in entries {
                    let Node::Scalar(_) = item.value else { return wrong("must have scalar values") };
                    given.push(format!("{}={}", part.value, self.scalar(item)));
                }
                given
            }
            Node::List(_) | Node::Entries(_) => return wrong("must be a single value"),
            Node::Nothing => return wrong("has no value: set one, or remove the key"),
        };
        values::setting(key, given, self.place(node.referenced, context))
    }

    /// A scalar as written: 1.10 is not 1.1.
    fn scalar(&self, node: &Spanned<Node>) -> String {
        let Node::Scalar(Scalar { text, is_exact }) = &node.value else { return String::new() };
        let span = node.defined.span();
        let written = || {
            let characters = self.text.chars().skip(usize::try_from(span.offset()).ok()?);
            let written: String = characters.take(usize::try_from(span.len()).ok()?).collect();
            Some(written.trim().to_owned()).filter(|written| !written.is_empty())
        };
        if *is_exact { text.clone() } else { written().unwrap_or_else(|| text.clone()) }
    }
}

type Entry = (Spanned<String>, Spanned<Node>);

#[derive(Debug)]
enum Node {
    Nothing,
    Scalar(Scalar),
    List(Vec<Spanned<Node>>),
    Entries(Vec<Entry>),
}

#[derive(Debug)]
struct Scalar {
    text: String,
    /// Whether the text is that of the file; not so for numbers.
    is_exact: bool,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        fn number(number: &impl ToString) -> Node {
            Node::Scalar(Scalar { text: number.to_string(), is_exact: false })
        }
        impl<'de> Visitor<'de> for Any {
            type Value = Node;

            fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
                formatter.write_str("a scalar, a list or a mapping")
            }

            fn visit_unit<E>(self) -> Result<Node, E> {
                Ok(Node::Nothing)
            }

            fn visit_none<E>(self) -> Result<Node, E> {
                Ok(Node::Nothing)
            }

            fn visit_str<E>(self, text: &str) -> Result<Node, E> {
                Ok(Node::Scalar(Scalar { text: text.to_owned(), is_exact: true }))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
                Ok(Node::Scalar(Scalar { text: value.to_string(), is_exact: true }))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
                Ok(number(&value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
                Ok(number(&value))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
                Ok(number(&value))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Node, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = sequence.next_element()? {
                    list.push(item);
                }
                Ok(Node::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Node::Entries(entries))
            }
        }
        deserializer.deserialize_any(Any)
    }
}
