//! CARs: every byte back, in the order of the file; and CARs that lie.

use std::io::{Cursor, Read};

use proptest::prelude::*;
use stheno_envelope::car::{
    CarDecoder, CarDraft, CarError, CarLimits, CarReader, CarWriter, ReadFileError, read_file,
};
use stheno_envelope::unixfs::{
    DagError, Directory, DirectoryEntry, FileBuilder, FileDag, FileVerifier, Profile, Resolver,
};
use stheno_envelope::{BlockError, Cid};

use super::Dribble;

const SMALL: Profile = Profile::scaled(64, 3, 400);

pub(crate) fn car_of(profile: Profile, bytes: &[u8]) -> (Cid, Vec<u8>) {
    let dag = FileDag::scan(profile, &mut &bytes[..]).unwrap();
    let car = dag.write_car(&mut &bytes[..], Vec::new()).unwrap();
    assert_eq!(car.len() as u64, dag.car_len());
    (dag.root().cid, car)
}

fn open(car: &[u8]) -> Result<CarReader<&[u8]>, CarError> {
    CarReader::new(car, CarLimits::default())
}

/// All blocks of a CAR.
fn blocks(car: &[u8]) -> Result<Vec<(Cid, Vec<u8>)>, CarError> {
    let mut reader = open(car)?;
    let (mut block, mut found) = (Vec::new(), Vec::new());
    while let Some(cid) = reader.read_block(&mut block)? {
        found.push((cid, block.clone()));
    }
    assert_eq!(reader.offset(), car.len() as u64);
    Ok(found)
}

fn file_from(car: &[u8], verifier: FileVerifier) -> Result<Vec<u8>, ReadFileError> {
    let mut bytes = Vec::new();
    let mut verifier = verifier;
    let read = read_file(&mut open(car)?, &mut verifier, &mut bytes)?;
    assert_eq!(read, bytes.len() as u64);
    Ok(bytes)
}

proptest! {
    #[test]
    fn file_comes_back_from_its_car_as_it_streams(len in 0..3_000_usize, step in 1..50_usize) {
        let bytes: Vec<u8> = (0..len).map(|at| (at / 3 % 256) as u8).collect();
        let (root, car) = car_of(SMALL, &bytes);
        let mut reader = CarReader::new(Dribble(&car, step), CarLimits::default()).unwrap();
        prop_assert_eq!(reader.roots(), &[root]);
        let mut found = Vec::new();
        read_file(&mut reader, &mut FileVerifier::new(root), &mut found).unwrap();
        prop_assert_eq!(found, bytes);
    }

    #[test]
    fn decoder_gives_the_blocks_of_the_reader_however_the_bytes_arrive(
        len in 0..3_000_usize,
        step in 1..500_usize,
        at in 0.0..1.0_f64,
        flip in 0..3_u8,
    ) {
        let bytes: Vec<u8> = (0..len).map(|at| (at / 3 % 256) as u8).collect();
        let (_, mut car) = car_of(SMALL, &bytes);
        let at = (at * car.len() as f64) as usize;
        match flip {
            1 => car[at] ^= 0x10,
            2 => car.truncate(at),
            _ => {}
        }
        let decode = || {
            let mut decoder = CarDecoder::new(CarLimits::default());
            let mut found = Vec::new();
            for part in car.chunks(step) {
                decoder.push(part);
                while let Some((cid, block)) = decoder.next_block()? {
                    found.push((cid, block.to_vec()));
                }
            }
            decoder.finish()?;
            Ok::<_, CarError>((decoder.roots().unwrap().to_vec(), found))
        };
        match (decode(), blocks(&car)) {
            (Ok((roots, found)), Ok(read)) => {
                prop_assert_eq!(found, read);
                let reader = open(&car).unwrap();
                prop_assert_eq!(roots, reader.roots());
            }
            (Err(_), Err(_)) => prop_assert!(flip > 0),
            (decoded, read) => prop_assert!(false, "{:?} {:?}", decoded, read),
        }
    }
}

#[test]
fn car_with_its_root_last_holds_the_same_blocks() {
    let bytes: Vec<u8> = (0..1000).map(|at| (at % 256) as u8).collect();
    let (root, car) = car_of(SMALL, &bytes);
    let mut draft = CarDraft::new(Cursor::new(b"in front".to_vec())).unwrap();
    draft = {
        let mut draft = draft;
        let built = FileBuilder::read(SMALL, &mut &bytes[..], &mut draft).unwrap();
        assert_eq!(built.cid, root);
        draft
    };
    let mut once = draft.finish(&root).unwrap().into_inner();
    let once = once.split_off(0);
    assert_eq!(open(&once).unwrap().roots(), [root]);
    assert_eq!(once.len(), car.len());
    let sorted = |car: &[u8]| {
        let mut all = blocks(car).unwrap();
        all.sort();
        all
    };
    assert_eq!(sorted(&once), sorted(&car));
    // A root of another length has no room.
    let old = "QmUNLLsPACCz1vLxQVkXqqLX5R1X345qqfHbsf67hvA3Nn"
        .parse()
        .unwrap();
    let draft = CarDraft::new(Cursor::new(Vec::new())).unwrap();
    assert!(draft.finish(&old).is_err());
}

#[test]
fn folder_of_files_is_one_car_in_the_order_of_reading() {
    let files: Vec<(String, Vec<u8>)> = (0..40_u8)
        .map(|number| {
            (
                format!("file {number}"),
                vec![number; usize::from(number) * 20],
            )
        })
        .collect();
    let dags: Vec<(String, FileDag, &[u8])> = files
        .iter()
        .map(|(name, bytes)| {
            let dag = FileDag::scan(SMALL, &mut &bytes[..]).unwrap();
            (name.clone(), dag, &bytes[..])
        })
        .collect();
    let entry = |(name, dag, _): &(String, FileDag, &[u8])| DirectoryEntry {
        name: name.clone(),
        cid: dag.root().cid,
        dag_size: dag.root().dag_size,
    };
    let folder = Directory::new(dags.iter().map(entry).collect()).unwrap();
    let dag = folder.build(SMALL).unwrap();
    assert!(dag.root().blocks > 1, "it is sharded");
    let mut car = CarWriter::new(Vec::new(), &[dag.root().cid]).unwrap();
    dag.write_blocks(&mut car, |index, car| {
        let name = &folder.entries()[index].name;
        let (_, file, bytes) = dags.iter().find(|(other, ..)| other == name).unwrap();
        file.write_blocks(&mut &bytes[..], car)
            .map_err(|error| match error {
                DagError::Write(error) | DagError::Read(error) => error,
                other => std::io::Error::other(other),
            })
    })
    .unwrap();
    let car = car.finish().unwrap();
    let by_cid: std::collections::HashMap<Cid, Vec<u8>> =
        blocks(&car).unwrap().into_iter().collect();
    for (name, bytes) in &files {
        let mut resolver = Resolver::new(dag.root().cid, [name.as_str()]);
        while let Some(wanted) = resolver.wanted().copied() {
            resolver.push(&by_cid[&wanted]).unwrap();
        }
        let mut verifier = FileVerifier::new(*resolver.target().unwrap());
        assert_eq!(
            &super::unixfs::fetch(&mut verifier, &by_cid).unwrap().0,
            bytes
        );
    }
    // The root first, and every block after one that links to it: whoever streams it can check it.
    let all = blocks(&car).unwrap();
    assert_eq!(all[0].0, dag.root().cid);
    for (at, (cid, _)) in all.iter().enumerate().skip(1) {
        let name = cid.to_bytes();
        let linked =
            |(_, block): &(Cid, Vec<u8>)| block.windows(name.len()).any(|part| part == name);
        assert!(all[..at].iter().any(linked), "block {at}");
    }
}

#[test]
fn source_that_changed_between_the_two_passes_makes_no_car() {
    let bytes: Vec<u8> = (0..1000).map(|at| (at % 256) as u8).collect();
    let dag = FileDag::scan(SMALL, &mut &bytes[..]).unwrap();
    let mut changed = bytes.clone();
    changed[700] ^= 1;
    let longer = [&bytes[..], b"x"].concat();
    for (source, place) in [
        (&changed[..], 640),
        (&bytes[..999], 960),
        (&longer, 960),
        (&[], 0),
    ] {
        let refused = dag.write_car(&mut &source[..], std::io::sink());
        assert!(matches!(refused, Err(DagError::Changed { offset }) if offset == place));
    }
}

#[test]
fn part_of_a_file_is_read_from_a_car_of_its_blocks_alone() {
    let bytes: Vec<u8> = (0..1000).map(|at| (at % 256) as u8).collect();
    let (root, car) = car_of(SMALL, &bytes);
    let range = 300..420_u64;
    // What a gateway sends for `entity-bytes`.
    let all = blocks(&car).unwrap();
    let mut asked = FileVerifier::of_range(root, range.clone());
    let mut part = CarWriter::new(Vec::new(), &[root]).unwrap();
    while let Some(wanted) = asked.wanted().copied() {
        let (cid, block) = all.iter().find(|(cid, _)| *cid == wanted).unwrap();
        part.write(cid, block).unwrap();
        asked.push(block).unwrap();
    }
    let part = part.finish().unwrap();
    assert!(part.len() < car.len() / 2);
    let found = file_from(&part, FileVerifier::of_range(root, range)).unwrap();
    assert_eq!(found, bytes[300..420]);
    // For the whole it is not enough.
    assert!(matches!(
        file_from(&part, FileVerifier::new(root)),
        Err(ReadFileError::Order { .. } | ReadFileError::Unixfs(_))
    ));
}

#[test]
fn car_with_any_byte_changed_or_cut_anywhere_gives_no_other_file() {
    let bytes: Vec<u8> = (0..300).map(|at| (at % 256) as u8).collect();
    let (root, car) = car_of(SMALL, &bytes);
    for at in 0..car.len() {
        assert!(
            file_from(&car[..at], FileVerifier::new(root)).is_err(),
            "{at}"
        );
        for bit in [0x01, 0x80] {
            let mut bad = car.clone();
            bad[at] ^= bit;
            // A header with another root still has the file's blocks.
            if let Ok(found) = file_from(&bad, FileVerifier::new(root)) {
                assert_eq!(found, bytes);
                assert!(at < 59, "{at}");
            }
        }
    }
}

#[test]
fn car_is_refused_when_a_section_lies() {
    let (root, car) = car_of(SMALL, b"gorgon");
    let (header, section) = car.split_at(59);
    let section_of =
        |cid: &[u8], block: &[u8]| [&[(cid.len() + block.len()) as u8], cid, block].concat();
    let cid = root.to_bytes();
    assert_eq!(section, section_of(&cid, b"gorgon"));
    let refused = |sections: &[u8]| blocks(&[header, sections].concat()).unwrap_err();
    assert!(matches!(
        refused(&section_of(&cid, b"medusa")),
        CarError::Block(BlockError::Other { .. })
    ));
    for (bytes, told) in [
        (&[0x80, 0x00][..], "has a length in a wrong form"),
        (&[0xff; 10], "has a length in a wrong form"),
        (&[0x00], "begins with no CID"),
        (&[0x03, 1, 0x55, 0x12], "begins with no CID"),
    ] {
        assert!(
            matches!(refused(bytes), CarError::Malformed { offset: 59, problem } if problem == told),
            "{told}"
        );
    }
    // A CID whose version is written in two bytes.
    let long = [&[0x81, 0x00][..], &cid[1..]].concat();
    assert!(matches!(
        refused(&section_of(&long, b"gorgon")),
        CarError::Malformed { .. }
    ));
    // A block that names itself, which nothing checks.
    let identity = [&[1, 0x55, 0, 6][..], b"gorgon"].concat();
    assert!(matches!(
        refused(&section_of(&identity, b"medusa")),
        CarError::Block(BlockError::UnknownHash { code: 0, .. })
    ));
    assert!(matches!(
        refused(&[0x80]),
        CarError::Truncated { offset: 59 }
    ));
    assert!(matches!(
        refused(&section[..20]),
        CarError::Truncated { offset: 59 }
    ));
}

#[test]
fn car_is_refused_with_other_headers_and_versions() {
    let (_, car) = car_of(SMALL, b"gorgon");
    for bad in [&b""[..], b"\0", b"gorgon", &car[..30], &car[1..]] {
        assert!(
            matches!(
                open(bad),
                Err(CarError::NotACar | CarError::Truncated { .. } | CarError::TooLarge { .. })
            ),
            "{bad:?}"
        );
    }
    // The beginning of a CARv2.
    let second = [&[0x0a, 0xa1, 0x67][..], b"version", &[2]].concat();
    assert!(matches!(
        open(&second),
        Err(CarError::Version { version: 2 })
    ));
}

#[test]
fn car_asks_for_no_memory_before_there_is_data() {
    /// Announces much, gives nothing, and counts what is asked of it.
    struct Announced<'a>(&'a [u8]);
    impl Read for Announced<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            assert!(buffer.len() <= 64 << 10, "{}", buffer.len());
            self.0.read(buffer)
        }
    }
    let (_, car) = car_of(SMALL, b"gorgon");
    // 2 MiB announced, and a byte of it there.
    let announced = [&car[..59], &[0x80, 0x80, 0x80, 0x01, 0x01]].concat();
    let mut reader = CarReader::new(Announced(&announced), CarLimits::default()).unwrap();
    let mut block = Vec::new();
    assert!(matches!(
        reader.read_block(&mut block),
        Err(CarError::Truncated { .. })
    ));
    assert!(block.capacity() < 64 << 10);
    for len in [
        &[0xff, 0xff, 0xff, 0x01][..],
        &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
    ] {
        let huge = [&car[..59], len].concat();
        assert!(matches!(
            blocks(&huge),
            Err(CarError::TooLarge { offset: 59, .. })
        ));
        assert!(matches!(
            open(len),
            Err(CarError::TooLarge { offset: 0, .. })
        ));
    }
}

#[test]
fn limits_of_blocks_are_kept() {
    let (root, car) = car_of(Profile::scaled(200, 3, 0), &[7; 200]);
    let limits = |block_bytes| CarLimits {
        block_bytes,
        ..CarLimits::default()
    };
    let read = |limits| {
        CarReader::new(&car[..], limits)
            .unwrap()
            .read_block(&mut Vec::new())
    };
    assert_eq!(read(limits(200)).unwrap(), Some(root));
    assert!(matches!(
        read(limits(199)),
        Err(CarError::TooLarge { len: 200, .. })
    ));
}

#[test]
fn blocks_out_of_order_repeated_left_out_or_behind_the_end_are_named() {
    let bytes: Vec<u8> = (0..300).map(|at| (at % 256) as u8).collect();
    let (root, car) = car_of(SMALL, &bytes);
    let all = blocks(&car).unwrap();
    let write = |order: &[usize]| {
        let mut car = CarWriter::new(Vec::new(), &[root]).unwrap();
        for at in order {
            car.write(&all[*at].0, &all[*at].1).unwrap();
        }
        car.finish().unwrap()
    };
    let right: Vec<usize> = (0..all.len()).collect();
    let verify = |order: &[usize]| file_from(&write(order), FileVerifier::new(root));
    assert_eq!(verify(&right).unwrap(), bytes);
    let mut swapped = right.clone();
    swapped.swap(2, 3);
    assert!(matches!(
        verify(&swapped),
        Err(ReadFileError::Order { wanted, found }) if wanted == all[2].0 && *found == all[3].0
    ));
    let repeated = [&right[..], &[0]].concat();
    assert!(matches!(verify(&repeated), Err(ReadFileError::Trailing { found }) if found == root));
    let cut = &right[..right.len() - 1];
    assert!(matches!(verify(cut), Err(ReadFileError::Unixfs(_))));
    // Equal chunks, of which a gateway leaves the second out unless it is told not to.
    let (root, car) = car_of(SMALL, &[7; 128]);
    let all = blocks(&car).unwrap();
    assert_eq!(all.len(), 3);
    let mut once = CarWriter::new(Vec::new(), &[root]).unwrap();
    for (cid, block) in &all[..2] {
        once.write(cid, block).unwrap();
    }
    let once = once.finish().unwrap();
    assert_eq!(file_from(&car, FileVerifier::new(root)).unwrap(), [7; 128]);
    assert!(file_from(&once, FileVerifier::new(root)).is_err());
}
