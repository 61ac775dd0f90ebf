//! Pruning on vocabularies that can be counted by hand.

use g2d_core::text::wordpiece_json;

use super::{super::vocab, *};

const VOCAB: &str = "[PAD]\n[unused0]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n.\na\ne\nf\nn\no\n##a\n##e\n##f\n\
                     ##n\n##o\nthe\nno\n##on\noffa\nfoo\n##nna\nна\n";

fn whole() -> Vec<u8> {
    let given = vocab::Given { vocab: Some(VOCAB.as_bytes()), ..vocab::Given::default() };
    vocab::make(given).unwrap().json
}

fn ids(json: &[u8], text: &str) -> Vec<usize> {
    let batch = ReportTokenizer::from_bytes(json).unwrap().encode_batch(&[text], 64).unwrap();
    batch.ids[0].iter().map(|id| *id as usize).collect()
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|w| (*w).to_owned()).collect()
}

#[test]
fn pieces_of_the_words_characters_and_specials_stay() {
    let pruned = prune(&whole(), &words(&["No foon", "no"]), None).unwrap();
    // [PAD] [UNK] [CLS] [SEP] [MASK], 6 letters and marks, 5 continuations, "the" and "на", whose
    // letters do not stand alone, "no" and "foo"; not [unused0], "##on", "offa", "##nna".
    let expected = [0].into_iter().chain(2..=18).chain([21, 23]);
    assert_eq!(pruned.rows, expected.collect::<Vec<_>>());
    assert_eq!(pruned.needed, pruned.rows.len());
}

#[test]
fn kept_pieces_map_one_to_one_and_nothing_becomes_unknown() {
    let whole = whole();
    let pruned = prune(&whole, &words(&["no"]), None).unwrap();
    let back = |text: &str| -> Vec<usize> {
        ids(&pruned.json, text).into_iter().map(|id| pruned.rows[id]).collect()
    };
    for text in ["no. No", "на", "zzz", ""] {
        assert_eq!(back(text), ids(&whole, text), "{text}");
    }
    // Spelt otherwise, but spelt.
    for text in ["the", "offa foo", "nonna", "foon"] {
        let unknown = |ids: Vec<usize>| ids.iter().filter(|id| **id == 2).count();
        assert_eq!(unknown(back(text)), unknown(ids(&whole, text)), "{text}");
    }
    assert_eq!(back("offa"), [3, 11, 14, 14, 12, 4]);
}

#[test]
fn the_first_pieces_fill_up_to_a_size() {
    let least = prune(&whole(), &[], None).unwrap().rows.len();
    let pruned = prune(&whole(), &[], Some(least + 2)).unwrap();
    assert_eq!((pruned.rows.len(), pruned.needed), (least + 2, least));
    assert!(pruned.rows.contains(&18) && pruned.rows.contains(&19) && !pruned.rows.contains(&20));
    let error = prune(&whole(), &[], Some(least - 1)).unwrap_err();
    assert!(error.code() == "G2D-C22" && error.to_string().contains(&least.to_string()), "{error}");
    // More than there is: all but the spare row.
    assert_eq!(prune(&whole(), &[], Some(999)).unwrap().rows.len(), 23);
}

#[test]
fn both_forms_of_the_frame_are_renumbered() {
    // BERT's own form, with [CLS] as 2; every word before it stays, so add a spare one in front.
    let json = wordpiece_json(&words(&["no", "effusion"]), true).unwrap();
    let text = String::from_utf8(json).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    file["model"]["vocab"]["[unused1]"] = 500.into();
    file["model"]["vocab"]["opacity"] = 501.into();
    let json = serde_json::to_vec(&file).unwrap();
    let pruned = prune(&json, &words(&["opacity"]), None).unwrap();
    assert_eq!(pruned.rows.last(), Some(&501));
    let got = ids(&pruned.json, "opacity");
    assert_eq!(got, [2, pruned.rows.len() - 1, 3]);
}

#[test]
fn what_is_no_wordpiece_is_refused() {
    let mut file: Value = serde_json::from_slice(&whole()).unwrap();
    file["model"]["type"] = "BPE".into();
    let error = prune(&serde_json::to_vec(&file).unwrap(), &[], None).unwrap_err();
    assert_eq!(error.code(), "G2D-W42");
    assert_eq!(prune(b"{}", &[], None).unwrap_err().code(), "G2D-W42");
}
