//! Left and right get the same seconds, always.

use super::model::Side;
use super::plan::Planned;

/// Seconds that a pair of twin steps gives to each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Seconds for the left.
    pub left: u32,
    /// Seconds for the right.
    pub right: u32,
}

/// What the pair with this number gives to each side, make-up time included and dropped steps left out.
pub fn balance(steps: &[Planned], pair: u16) -> Balance {
    steps.iter().filter(|step| step.pair == Some(pair) && !step.dropped).fold(Balance::default(), |mut sum, step| {
        match step.side {
            Side::Left => sum.left += step.seconds,
            Side::Right => sum.right += step.seconds,
            Side::Both | Side::Choice => {}
        }
        sum
    })
}

/// Whether every pair gives both sides the same.
pub fn is_fair(steps: &[Planned]) -> bool {
    let pairs = steps.iter().filter_map(|step| step.pair);
    pairs.map(|pair| balance(steps, pair)).all(|sides| sides.left == sides.right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(side: Side, seconds: u32, pair: Option<u16>, dropped: bool) -> Planned {
        Planned { step: 0, side, seconds, pressure: 1, pair, easier: false, dropped }
    }

    #[test]
    fn a_pair_is_weighed_with_its_make_up_and_without_what_was_dropped() {
        let steps = [
            planned(Side::Left, 40, Some(1), false),
            planned(Side::Right, 55, Some(1), false),
            planned(Side::Left, 15, Some(1), false),
            planned(Side::Left, 99, Some(1), true),
            planned(Side::Left, 7, Some(2), false),
            planned(Side::Both, 30, None, false),
        ];
        assert_eq!(balance(&steps, 1), Balance { left: 55, right: 55 });
        assert_eq!(balance(&steps, 2), Balance { left: 7, right: 0 });
        assert!(!is_fair(&steps));
        assert!(is_fair(&steps[..4]));
        assert!(!is_fair(&steps[..2]));
    }

    #[test]
    fn what_has_no_sides_is_fair() {
        assert!(is_fair(&[]));
        assert!(is_fair(&[planned(Side::Both, 30, None, false), planned(Side::Choice, 20, None, false)]));
        // Both twins dropped: none has more.
        assert!(is_fair(&[planned(Side::Left, 40, Some(1), true), planned(Side::Right, 10, Some(1), true)]));
    }
}
