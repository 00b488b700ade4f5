//! The sections of `docs/errors.md` as HTML. The document is the only source of these texts.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html::push_html};

use crate::problem::Code;

const ERRORS: &str = include_str!("../../../../../docs/errors.md");

/// The heading of the section about field errors, and its anchor.
const FIELD_ERRORS: (&str, &str) = ("\n## Faults in bodies\n", "faults-in-bodies");

/// What a problem means and what to do, as HTML.
pub(super) struct Explanation {
    pub(super) meaning: String,
    pub(super) advice: String,
}

/// The problems below one heading.
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) codes: Vec<Code>,
}

/// Returns the section of a code. A test requests the page of every code.
pub(super) fn explanation(code: Code, base: &str) -> Option<Explanation> {
    let (_, rest) = ERRORS.split_once(&format!("\n### {}\n", code.as_str()))?;
    let section = rest.split("\n#").next()?.trim();
    let section = section.strip_prefix(&format!("Status {}.", code.status().as_u16())).unwrap_or(section);
    let (meaning, advice) = section.split_once("\n\nWhat to do: ")?;
    let advice = advice.get(..1)?.to_uppercase() + advice.get(1..)?;
    Some(Explanation { meaning: html(meaning, base), advice: html(&advice, base) })
}

/// Returns all problems in the order of the document.
pub(super) fn groups() -> Vec<Group> {
    let sections = ERRORS.split("\n## ").skip(1).filter_map(|section| section.split_once('\n'));
    let groups = sections.map(|(title, section)| {
        let names = section.lines().filter_map(|line| line.strip_prefix("### "));
        let codes = names.filter_map(|name| Code::ALL.iter().copied().find(|code| code.as_str() == name)).collect();
        Group { title, codes }
    });
    groups.filter(|group| !group.codes.is_empty()).collect()
}

/// Returns the section about invalid bodies, without its heading.
pub(super) fn field_errors(base: &str) -> String {
    let section = ERRORS.split_once(FIELD_ERRORS.0).and_then(|(_, rest)| rest.split("\n## ").next());
    html(section.unwrap_or_default(), base)
}

fn html(markdown: &str, base: &str) -> String {
    // The file that the open link leads to, if it leads to another document.
    let mut file = None;
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).filter_map(|event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let address = target(&dest_url, base);
            file = if address.is_none() { dest_url.split('#').next().map(str::to_owned) } else { None };
            address.map(|address| Event::Start(Tag::Link { link_type, dest_url: address.into(), title, id }))
        }
        Event::End(TagEnd::Link) => {
            Some(file.take().map_or(Event::End(TagEnd::Link), |file| Event::Text(format!(" (docs/{file})").into())))
        }
        other => Some(other),
    });
    let mut html = String::new();
    push_html(&mut html, events);
    html
}

/// Returns the address on this service that a link of the document leads to. Other documents are not served.
fn target(link: &str, base: &str) -> Option<String> {
    let anchor = link.strip_prefix('#')?;
    if anchor == FIELD_ERRORS.1 {
        return Some(format!("{base}/problems#{anchor}"));
    }
    Code::ALL.iter().any(|code| code.as_str() == anchor).then(|| format!("{base}/problems/{anchor}"))
}
