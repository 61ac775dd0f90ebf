use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::*;

const METADATA: &str = "dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition\n\
                        a-1,10000032,50414267,\"CHEST (PA, LAT)\",PA\n\
                        b-2,10000032,50414267,CHEST,lateral\n\
                        ../c,10000032,50414267,CHEST,AP\n\
                        d-4,x,50414267,CHEST,AP\n\
                        e-5,10000032\n";
const SPLIT: &str =
    "dicom_id,study_id,subject_id,split\na-1,50414267,10000032,validate\nb-2,1,2,\n";

struct Ward(tempfile::TempDir);

impl Ward {
    fn new(files: &[(&str, &str)]) -> Self {
        let ward = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let path = ward.0.path().join(name);
            let mut bytes = text.as_bytes().to_vec();
            if name.ends_with(".gz") {
                let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
                packed.write_all(&bytes).unwrap();
                bytes = packed.finish().unwrap();
            }
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        ward
    }

    fn find(&self) -> anyhow::Result<Tables> {
        let images = self.0.path().join("files");
        Tables::find(&Mimic { reports: images.clone(), images, tables: None, views: None })
    }

    fn error(&self) -> String {
        let read = |t: Tables| t.metadata().and_then(|_| t.splits());
        format!("{:#}", self.find().map_or_else(Some, |t| read(t).err()).unwrap())
    }
}

#[test]
fn both_versions_packed_or_plain_give_the_same_rows() {
    for (version, ending) in [("2.0.0", "csv"), ("2.0.0", "csv.gz"), ("2.1.0", "csv.gz")] {
        let name = |kind: &str| format!("mimic-cxr-{version}-{kind}.{ending}");
        let ward = Ward::new(&[(&name("metadata"), METADATA), (&name("split"), SPLIT)]);
        let tables = ward.find().unwrap();
        assert_eq!(tables.version(), version);
        let (rows, bad) = tables.metadata().unwrap();
        let views: Vec<_> = rows.iter().map(|r| (r.dicom.as_str(), r.view.as_str())).collect();
        assert_eq!(views, [("a-1", "PA"), ("b-2", "LATERAL")]);
        assert_eq!(bad.iter().map(|b| b.0).collect::<Vec<_>>(), [4, 5, 6]);
        let splits = tables.splits().unwrap();
        assert_eq!((splits.len(), splits["a-1"].as_str()), (1, "validate"));
    }
}

#[test]
fn release_two_one_keeps_the_old_names() {
    let ward = Ward::new(&[
        ("mimic-cxr-2.0.0-metadata.csv.gz", METADATA),
        ("mimic-cxr-2.0.0-split.csv.gz", SPLIT),
        ("mimic-cxr-2.1.0-test-set-labeled.csv", "study_id\n"),
    ]);
    assert_eq!(ward.find().unwrap().version(), "2.1.0");
}

#[test]
fn other_versions_and_columns_are_told() {
    let metadata = ("mimic-cxr-2.0.0-metadata.csv", METADATA);
    for (files, words) in [
        (vec![metadata], vec!["The split table is not there", "mimic-cxr-2.0.0-split.csv"]),
        (
            vec![metadata, ("mimic-cxr-3.0.0-split.csv.gz", SPLIT)],
            vec!["mimic-cxr-3.0.0-split.csv.gz is of a version that is not known"],
        ),
        (vec![("train.csv.gz", "path,view\n")], vec!["version 1.0.0", "metadata"]),
        (
            vec![metadata, ("mimic-cxr-2.0.0-split.csv", "dicom,split\n")],
            vec!["mimic-cxr-2.0.0-split.csv: ", "no column `dicom_id`", "has dicom, split"],
        ),
    ] {
        let told = Ward::new(&files).error();
        for word in words.iter().chain(&["G2D-M20"]) {
            assert!(told.contains(word), "no {word:?} in {told}");
        }
    }
}

#[test]
fn a_cut_download_is_no_short_table() {
    let name = "mimic-cxr-2.0.0-metadata.csv.gz";
    let ward = Ward::new(&[(name, &METADATA.repeat(50)), ("mimic-cxr-2.0.0-split.csv", SPLIT)]);
    let path = ward.0.path().join(name);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
    let told = ward.error();
    assert!(told.contains("to its end") && told.contains(name), "{told}");
}
