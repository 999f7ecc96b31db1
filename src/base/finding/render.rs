//! Findings as people read them: file, line, column, a caret and a hint, like rustc's.

use super::{Finding, Severity};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::ops::Range;

/// For whom a finding is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A file, a pipe, a test: no colours.
    Plain,
    /// A terminal.
    Colours,
}

/// Columns of the drawing; longer lines are cut around the caret.
const WIDTH: usize = 140;

/// Draws findings one after the other, an empty line between two.
#[must_use]
pub fn render(findings: &[Finding], style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Colours => Renderer::styled(),
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH);
    let mut drawn = String::new();
    for finding in findings {
        if !drawn.is_empty() {
            drawn.push('\n');
        }
        drawn.push_str(&renderer.render(&[group(finding)]));
        drawn.push('\n');
    }
    drawn
}

fn group(finding: &Finding) -> Group<'_> {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let text = finding.source.text();
    let primary = AnnotationKind::Primary.span(within(text, &finding.span));
    let primary =
        if finding.words.label.is_empty() { primary } else { primary.label(finding.words.label.as_str()) };
    let mut snippet = Snippet::source(text).path(finding.source.path()).annotation(primary);
    let mut elsewhere = None;
    if let Some((place, why)) = &finding.related {
        let context =
            AnnotationKind::Context.span(within(place.source.text(), &place.span)).label(why.as_str());
        if place.source == finding.source {
            snippet = snippet.annotation(context);
        } else {
            let other = Snippet::source(place.source.text()).path(place.source.path());
            elsewhere = Some(other.annotation(context));
        }
    }
    let mut group = level.primary_title(finding.words.message.as_str()).element(snippet);
    if let Some(other) = elsewhere {
        group = group.element(other);
    }
    match &finding.words.hint {
        Some(hint) => group.element(Level::HELP.message(hint.as_str())),
        None => group,
    }
}

/// The span, kept within the text, on character boundaries and on its first line: carets under ten lines say nothing.
fn within(text: &str, span: &Range<usize>) -> Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end += 1;
    }
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    start..end.min(line_end)
}
