//! The code blocks of documents, which tests run as a reader would.

/// The code blocks of one language under a heading of the second level, in order.
///
/// # Panics
/// Panics if the document has no such heading.
#[must_use]
pub fn code_blocks(document: &str, heading: &str, language: &str) -> Vec<String> {
    let section = document.split_once(&format!("\n## {heading}\n")).map(|(_, section)| section);
    let section = section.unwrap_or_else(|| panic!("no heading {heading:?}"));
    all_code_blocks(section.split("\n## ").next().unwrap_or_default(), language)
}

/// All code blocks of one language, in order.
#[must_use]
pub fn all_code_blocks(text: &str, language: &str) -> Vec<String> {
    let fence = format!("\n```{language}\n");
    text.split(&fence).skip(1).filter_map(|block| block.split("\n```").next()).map(str::to_owned).collect()
}

/// The blocks of the tour of the README.
///
/// # Panics
/// Panics if there is no tour.
#[must_use]
pub fn tour(readme: &str) -> Vec<String> {
    let blocks = code_blocks(readme, "Five-minute tour", "bash");
    assert!(blocks.len() >= 5, "the tour has {} blocks", blocks.len());
    blocks
}

/// Asserts that the output of the tour has the promised results in order.
///
/// # Panics
/// Panics if a result is missing.
pub fn assert_tour(output: &str) {
    let results = [
        "\"email\":",
        "\"raw_key\":\"ask_",
        "\n201\n",
        "\n200\n",
        "\"code\":\"valid\"",
        "204\n",
        "\"code\":\"revoked\"",
        "\n401\n",
        "\"service_token\":\"",
        "\"alg\":\"RS256\"",
        "{\"theme\":\"dark\",\"language\":\"en\"}",
        "\"status\":\"pending\"",
    ];
    let mut rest = output;
    for result in results {
        let (_, after) = rest.split_once(result).unwrap_or_else(|| panic!("no {result:?} in its place:\n{output}"));
        rest = after;
    }
}
