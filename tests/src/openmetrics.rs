//! A strict reader of the OpenMetrics 1.0 text format. It knows the types that this service uses, and panics at every
//! deviation from the specification.

use std::{
    collections::{BTreeMap, BTreeSet},
    str::FromStr,
};

/// The labels of a series.
pub type Labels = BTreeMap<String, String>;

/// What a scrape has returned.
#[derive(Debug, Default)]
pub struct Exposition {
    /// The types of the metric families.
    pub families: BTreeMap<String, String>,
    /// The values as text.
    samples: BTreeMap<(String, Labels), String>,
    current: String,
}

impl Exposition {
    /// Reads the text of a scrape.
    ///
    /// # Panics
    /// Panics if the text is not valid.
    #[track_caller]
    #[must_use]
    pub fn read(text: &str) -> Self {
        let lines = text.strip_suffix("# EOF\n").unwrap_or_else(|| panic!("the last line is not # EOF: {text}"));
        let mut exposition = Self::default();
        for line in lines.lines() {
            match line.strip_prefix("# ") {
                Some(metadata) => exposition.read_metadata(metadata),
                None => exposition.read_sample(line),
            }
        }
        for (family, kind) in &exposition.families {
            if kind == "histogram" {
                exposition.check_histogram(family);
            }
        }
        exposition
    }

    fn read_metadata(&mut self, line: &str) {
        let mut words = line.splitn(3, ' ');
        let (kind, family, rest) = match (words.next(), words.next(), words.next()) {
            (Some(kind), Some(family), Some(rest)) => (kind, family.to_owned(), rest),
            _ => panic!("not a line of metadata: {line}"),
        };
        assert!(is_name(&family), "not a name: {line}");
        match kind {
            "HELP" => assert!(!rest.is_empty() && !self.families.contains_key(&family), "a second help: {line}"),
            "TYPE" => {
                assert!(["counter", "gauge", "histogram", "info"].contains(&rest), "an unknown type: {line}");
                let known = self.families.insert(family.clone(), rest.to_owned());
                assert_eq!(known, None, "the lines of a family are not together: {line}");
                self.current = family;
            }
            "UNIT" => {
                let of_current =
                    family == self.current && !self.samples.keys().any(|(name, _)| name.starts_with(&family));
                assert!(of_current && family.ends_with(&format!("_{rest}")), "an unexpected unit: {line}");
            }
            _ => panic!("not a line of metadata: {line}"),
        }
    }

    fn read_sample(&mut self, line: &str) {
        let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("not a sample: {line}"));
        let (name, rest) = line.split_at(end);
        let (labels, value) = match rest.strip_prefix('{') {
            Some(rest) => read_labels(rest, line),
            None => (Labels::new(), rest),
        };
        let value = value.strip_prefix(' ').unwrap_or_else(|| panic!("no space before the value: {line}"));
        let number: f64 = value.parse().unwrap_or_else(|_| panic!("not a number: {line}"));
        let suffix = name.strip_prefix(&self.current).unwrap_or_else(|| panic!("a sample of another family: {line}"));
        let valid = match self.families.get(&self.current).map(String::as_str) {
            Some("counter") => suffix == "_total" && number >= 0.0 && number.is_finite(),
            Some("gauge") => suffix.is_empty(),
            Some("histogram") => {
                ["_bucket", "_sum", "_count"].contains(&suffix) && labels.contains_key("le") == (suffix == "_bucket")
            }
            Some("info") => suffix == "_info" && value == "1",
            _ => false,
        };
        assert!(valid, "not a sample of its type: {line}");
        let known = self.samples.insert((name.to_owned(), labels), value.to_owned());
        assert_eq!(known, None, "the series is duplicated: {line}");
    }

    /// Compares the buckets of each histogram with its count.
    fn check_histogram(&self, family: &str) {
        let mut histograms: BTreeMap<Labels, Vec<(f64, u64)>> = BTreeMap::new();
        for (labels, count) in self.series(&format!("{family}_bucket")) {
            let mut labels = labels.clone();
            let bound = labels.remove("le").unwrap_or_default().replace("+Inf", "inf");
            let bound = bound.parse().unwrap_or_else(|_| panic!("not a bound: {bound}"));
            histograms.entry(labels).or_default().push((bound, count));
        }
        for (labels, mut buckets) in histograms {
            buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
            assert!(buckets.is_sorted_by(|one, next| one.0 < next.0 && one.1 <= next.1), "{family}: {labels:?}");
            let (bound, count) = buckets.last().copied().unwrap_or_default();
            assert!(bound.is_infinite(), "{family} has no last bucket: {labels:?}");
            let text = |suffix: &str| self.samples.get(&(format!("{family}_{suffix}"), labels.clone()));
            assert_eq!(text("count"), Some(&count.to_string()), "{family}: {labels:?}");
            assert!(text("sum").is_some(), "{family} has no sum: {labels:?}");
        }
    }

    /// The series of whole numbers with a name.
    ///
    /// # Panics
    /// Panics if a value is not a whole number.
    pub fn series<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a Labels, u64)> {
        let named = self.samples.iter().filter(move |((known, _), _)| known == name);
        named.map(|((_, labels), value)| (labels, read(value)))
    }

    /// The value of one series as a whole number.
    ///
    /// # Panics
    /// Panics if it does not exist.
    #[track_caller]
    #[must_use]
    pub fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        read(self.text(name, labels))
    }

    /// The value of one series.
    ///
    /// # Panics
    /// Panics if it does not exist.
    #[track_caller]
    #[must_use]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        read(self.text(name, labels))
    }

    #[track_caller]
    fn text(&self, name: &str, labels: &[(&str, &str)]) -> &str {
        let key = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let value = self.samples.get(&(name.to_owned(), key));
        value.unwrap_or_else(|| panic!("there is no {name} {labels:?}"))
    }

    /// The names and the labels of all series.
    pub fn samples(&self) -> impl Iterator<Item = (&str, &Labels)> {
        self.samples.keys().map(|(name, labels)| (name.as_str(), labels))
    }

    /// The number of series. Each bucket is one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether there is no series.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// All values of labels.
    #[must_use]
    pub fn label_values(&self) -> BTreeSet<&str> {
        self.samples.keys().flat_map(|(_, labels)| labels.values().map(String::as_str)).collect()
    }
}

#[track_caller]
fn read<T: FromStr>(value: &str) -> T {
    value.parse().unwrap_or_else(|_| panic!("an unexpected number: {value}"))
}

/// Reads labels up to the closing brace. Returns what follows it.
fn read_labels<'a>(text: &'a str, line: &str) -> (Labels, &'a str) {
    let (mut labels, mut rest) = (Labels::new(), text);
    loop {
        let (name, after) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
        assert!(is_name(name) && !name.contains(':'), "not the name of a label: {line}");
        let (value, after) = read_value(after, line);
        assert_eq!(labels.insert(name.to_owned(), value), None, "a label is duplicated: {line}");
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => return (labels, after.strip_prefix('}').unwrap_or_else(|| panic!("no closing brace: {line}"))),
        }
    }
}

/// Reads the value of a label up to the closing quotation mark. Returns what follows it.
fn read_value<'a>(text: &'a str, line: &str) -> (String, &'a str) {
    let (mut value, mut characters) = (String::new(), text.char_indices());
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, escaped @ ('\\' | '"'))) => value.push(escaped),
                _ => panic!("an unknown escape: {line}"),
            },
            _ => value.push(character),
        }
    }
    panic!("no closing quotation mark: {line}")
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "# HELP a_seconds The a.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n\
        a_seconds_sum{x=\"1\\\"\"} 0.5\na_seconds_count{x=\"1\\\"\"} 1\n\
        a_seconds_bucket{x=\"1\\\"\",le=\"1.0\"} 1\na_seconds_bucket{x=\"1\\\"\",le=\"+Inf\"} 1\n\
        # HELP b The b.\n# TYPE b counter\nb_total 2\n# EOF\n";

    #[test]
    fn a_valid_text_is_read() {
        let read = Exposition::read(VALID);
        assert_eq!((read.len(), read.count("b_total", &[])), (5, 2));
        assert_eq!(read.count("a_seconds_count", &[("x", "1\"")]), 1);
    }

    #[test]
    fn a_text_that_is_not_valid_is_noticed() {
        for (from, to) in [
            ("# EOF\n", ""),
            ("b_total 2", "b 2"),
            ("b_total 2", "b_total -1"),
            ("b_total 2", "b_total 2\nb_total 2"),
            ("b_total 2", "b_total 2\n\n"),
            ("+Inf\"} 1", "+Inf\"} 0"),
            ("le=\"+Inf\"", "le=\"2.0\""),
            ("# UNIT a_seconds seconds", "# UNIT a_seconds bytes"),
            ("a_seconds_sum{x=\"1\\\"\"} 0.5\n", ""),
            ("b_total 2", "b_total{x=\"\\q\"} 2"),
        ] {
            assert!(VALID.contains(from), "{from}");
            let changed = VALID.replace(from, to);
            assert!(std::panic::catch_unwind(|| Exposition::read(&changed)).is_err(), "{to} was accepted");
        }
    }
}
