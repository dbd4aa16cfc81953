//! What to do with a message: small talk, out of scope, or one of three bands of confidence.

use super::finding::{Outcome, ScopeKind};
use super::patterns::Fit;
use super::rank::Place;

/// From this confidence on, the first entry is the answer. A wrong answer costs more than a question back: of the entries' own questions,
/// asked with the question left out, half are answered from here on, and 85 of 100 of those rightly.
const ANSWER_FROM: f32 = 0.58;
/// From this confidence on, the nearest entries are offered; below it Nape says that it doesn't know. Low, because an offer costs little: three
/// titles, one of which is right in one case out of two even near this edge.
const OFFER_FROM: f32 = 0.2;
/// Confidence is a probability: a logistic curve fitted to whether the first topic was right, on the entries' own questions left out one
/// by one and on messages out of scope. Its weights are those of the score, of the score's lead over the next topic, and of coverage.
const CURVE: [f32; 4] = [-2.72, 2.04, 3.34, 1.64];
/// A question this like one of an entry's own is answered even where a dose, a diagnosis or a treatment is named: the entry was
/// written for it.
const OWN_QUESTION: f32 = 0.9;
/// What weather, code and sport need to be answered all the same: almost certainly a question of ours in odd words.
const STRONG: f32 = 0.75;

/// How likely the first place is right, 0 to 1. `next` is the score of the best place of another topic.
pub(super) fn confidence(first: Option<&Place>, next: f32) -> f32 {
    let Some(first) = first else { return 0.0 };
    let score = first.score.min(1.0);
    let [none, by_score, by_lead, by_coverage] = CURVE;
    let odds = none + by_score * score + by_lead * (score - next.min(score)) + by_coverage * first.fields.coverage;
    1.0 / (1.0 + (-odds).exp())
}

/// Decides. `named` says whether the first entry is about the very thing that made the message look out of scope.
pub(super) fn decide(fit: &Fit<'_>, first: Option<&Place>, confidence: f32, named: bool) -> Outcome {
    if let Some((kind, _)) = fit.out_of_scope {
        let likeness = first.map_or(0.0, |place| place.fields.likeness);
        if !answered_anyway(kind, likeness, confidence, named) {
            return Outcome::OutOfScope(kind);
        }
    } else if let Some(kind) = fit.smalltalk {
        return Outcome::Smalltalk(kind);
    }
    match confidence {
        sure if sure >= ANSWER_FROM => Outcome::Answer,
        sure if sure >= OFFER_FROM => Outcome::DidYouMean,
        _ => Outcome::Unknown,
    }
}

fn answered_anyway(kind: ScopeKind, likeness: f32, confidence: f32, named: bool) -> bool {
    match kind {
        // Never: an answer to these could do harm, or is no answer.
        ScopeKind::Manipulation | ScopeKind::RuleChange | ScopeKind::Abuse => false,
        ScopeKind::MedicationDose | ScopeKind::Diagnosis => likeness >= OWN_QUESTION,
        ScopeKind::OtherTreatment | ScopeKind::OtherBodyPart => {
            likeness >= OWN_QUESTION || named && confidence >= OFFER_FROM
        }
        ScopeKind::Unrelated => likeness >= STRONG && confidence >= ANSWER_FROM,
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::SmalltalkKind;
    use super::super::lexical::Fields;
    use super::*;

    fn place(score: f32, likeness: f32, coverage: f32) -> Place {
        Place { number: 0, score, fields: Fields { likeness, coverage, ..Fields::default() } }
    }

    fn out(kind: ScopeKind) -> Fit<'static> {
        Fit { out_of_scope: Some((kind, vec![0])), ..Fit::default() }
    }

    #[test]
    fn three_bands_are_cut_from_confidence() {
        let first = place(0.9, 0.5, 1.0);
        for (confidence, want) in [
            (1.0, Outcome::Answer),
            (ANSWER_FROM, Outcome::Answer),
            (ANSWER_FROM - 0.01, Outcome::DidYouMean),
            (OFFER_FROM, Outcome::DidYouMean),
            (OFFER_FROM - 0.01, Outcome::Unknown),
            (0.0, Outcome::Unknown),
        ] {
            assert_eq!(decide(&Fit::default(), Some(&first), confidence, false), want, "{confidence}");
        }
    }

    #[test]
    fn confidence_grows_with_score_lead_and_coverage() {
        let sure = |score, next, coverage| confidence(Some(&place(score, 0.0, coverage)), next);
        assert!(sure(0.9, 0.1, 1.0) > ANSWER_FROM && sure(0.1, 0.1, 0.2) < OFFER_FROM);
        assert!(sure(0.6, 0.3, 0.8) > sure(0.5, 0.3, 0.8));
        assert!(sure(0.6, 0.2, 0.8) > sure(0.6, 0.3, 0.8));
        assert!(sure(0.6, 0.3, 0.9) > sure(0.6, 0.3, 0.8));
        assert!((0.0..=1.0).contains(&sure(5.0, 0.0, 1.0)));
        assert_eq!(confidence(None, 0.0), 0.0);
    }

    #[test]
    fn some_kinds_never_give_way_and_others_do_to_a_strong_match() {
        let own = place(1.0, 1.0, 1.0);
        let far = place(0.4, 0.3, 0.5);
        for kind in ScopeKind::ALL {
            let strict = matches!(kind, ScopeKind::Manipulation | ScopeKind::RuleChange | ScopeKind::Abuse);
            let want = if strict { Outcome::OutOfScope(kind) } else { Outcome::Answer };
            assert_eq!(decide(&out(kind), Some(&own), 0.99, true), want, "{kind:?}");
            assert_eq!(decide(&out(kind), Some(&far), 0.4, false), Outcome::OutOfScope(kind));
            assert_eq!(decide(&out(kind), None, 0.0, false), Outcome::OutOfScope(kind));
        }
        let named = decide(&out(ScopeKind::OtherTreatment), Some(&far), 0.4, true);
        assert_eq!(named, Outcome::DidYouMean);
    }

    #[test]
    fn out_of_scope_is_said_before_small_talk() {
        let fit = Fit { smalltalk: Some(SmalltalkKind::Greeting), ..out(ScopeKind::Abuse) };
        assert_eq!(decide(&fit, None, 0.0, false), Outcome::OutOfScope(ScopeKind::Abuse));
        let fit = Fit { smalltalk: Some(SmalltalkKind::Greeting), ..Fit::default() };
        assert_eq!(decide(&fit, None, 0.9, false), Outcome::Smalltalk(SmalltalkKind::Greeting));
    }
}
