//! Files that were damaged in any way: nothing panics, and the problems name the damaged file.

use nape::content::Files;
use proptest::prelude::*;
use proptest::sample::Index;

use super::base::{CARD, DESK, GLOSSARY, PLAIN, SAFETY, SOURCES, TOPICS, files, load_tree};

/// One kind of damage.
#[derive(Clone, Debug)]
enum Damage {
    Truncate(Index),
    Flip(Index, u8),
    Swap(Index, Index),
    Double(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<Index>;
    prop_oneof![
        place().prop_map(Damage::Truncate),
        (place(), any::<u8>()).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        (place(), place()).prop_map(|(a, b)| Damage::Swap(a, b)),
        place().prop_map(Damage::Double),
    ]
}

fn damaged(text: &str, damages: &[Damage]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for damage in damages {
        if bytes.is_empty() {
            break;
        }
        let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        match damage {
            Damage::Truncate(at) => bytes.truncate(at.index(bytes.len())),
            Damage::Flip(at, bits) => {
                let at = at.index(bytes.len());
                bytes[at] ^= bits;
            }
            Damage::Swap(a, b) => {
                let (a, b) = (a.index(lines.len()), b.index(lines.len()));
                lines.swap(a, b);
                bytes = lines.concat();
            }
            Damage::Double(at) => {
                let at = at.index(lines.len());
                lines.insert(at, lines[at].clone());
                bytes = lines.concat();
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn with_damage(path: &str, damages: &[Damage]) -> Files {
    let mut files = files();
    let text = damaged(files.get(path).unwrap(), damages);
    files.set(path, text);
    files
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn problems_name_the_damaged_file(
        path in prop::sample::select(vec![CARD, DESK, GLOSSARY, SAFETY]),
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        for problem in load_tree(&with_damage(path, &damages)).err().unwrap_or_default() {
            prop_assert_eq!(&problem.path, path, "{}", problem);
        }
    }

    #[test]
    fn damage_to_what_others_refer_to_never_panics(
        path in prop::sample::select(vec![PLAIN, TOPICS, SOURCES]),
        damages in prop::collection::vec(damage(), 1..4),
    ) {
        let _ = load_tree(&with_damage(path, &damages));
    }

    #[test]
    fn any_text_at_all_is_read_or_refused(text in "\\PC{0,400}", path in prop::sample::select(vec![CARD, DESK, TOPICS])) {
        let mut files = files();
        files.set(path, text);
        let _ = load_tree(&files);
    }
}
