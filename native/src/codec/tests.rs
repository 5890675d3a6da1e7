use super::body::Body;
use super::decode::decode;
use super::job::{Coding, Failure, Job, Outcome, Work};
use super::queue::{Entry, Queue};
use super::scratch::Scratch;
use super::text::write_utf8;

const CODINGS: [Coding; 3] = [Coding::Brotli, Coding::Gzip, Coding::Zstd];

fn compress(body: &[u8], coding: Coding, level: u32) -> Box<[u8]> {
    let mut scratch = Scratch::take();
    let outcome = job(body, coding, level).run(&mut scratch);
    scratch.give();
    outcome.unwrap()
}

fn job(body: &[u8], coding: Coding, level: u32) -> Job {
    Job { body: Body::Bytes(body.to_vec()), work: Work::Compress { coding, level } }
}

fn restore(coding: Coding, coded: &[u8], length: usize) -> Vec<u8> {
    let mut output = vec![0; length];
    match coding {
        Coding::Brotli => {
            let (mut written, source, target) = (length, coded.as_ptr(), output.as_mut_ptr());
            // SAFETY: the lengths are those of the slices.
            let result = unsafe { brotlic_sys::BrotliDecoderDecompress(coded.len(), source, &mut written, target) };
            assert_eq!((result, written), (brotlic_sys::BrotliDecoderResult_BROTLI_DECODER_RESULT_SUCCESS, length));
        }
        Coding::Gzip => {
            let written = libdeflater::Decompressor::new().gzip_decompress(coded, &mut output).unwrap();
            assert_eq!(written, length);
        }
        Coding::Zstd => return decode(coded, length).unwrap(),
    }
    output
}

/// Bytes that no coding makes smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn gives_back_what_it_was_given() {
    let text = "{\"name\":\"one of many\",\"n\":12345},".repeat(3000);
    let bodies = [vec![], vec![0], noise(1), noise(70_000), text.into_bytes(), vec![b'a'; 1 << 20]];
    for body in &bodies {
        for coding in CODINGS {
            for level in 1..=9 {
                let coded = compress(body, coding, level);
                assert_eq!(&restore(coding, &coded, body.len()), body, "{coding:?} {level}");
            }
        }
        assert_eq!(&restore(Coding::Brotli, &compress(body, Coding::Brotli, 0), body.len()), body);
    }
}

#[test]
fn has_room_for_what_does_not_get_smaller() {
    for length in [2, 100, 16_384, 65_537, 300_000] {
        let body = noise(length);
        for coding in CODINGS {
            let coded = compress(&body, coding, 1);
            assert!(coded.len() < length + length / 1000 + 64, "{coding:?}: {} of {length}", coded.len());
        }
    }
}

#[test]
fn writes_every_text_as_the_standard_library_does() {
    let mut texts: Vec<Vec<u16>> = ["", "a", "é", "€", "😀"].iter().map(|text| text.encode_utf16().collect()).collect();
    texts.extend([vec![0xd800], vec![0xdc00], vec![0xd800, 0x41], vec![0xdc00, 0xd800], vec![0xffff, 0]]);
    let special = texts.clone();
    // Each of them at every place around the ends of a step.
    for special in &special {
        for before in (0..4).chain(60..68).chain(124..132) {
            for after in [0, 1, 63, 64, 65, 200] {
                let ascii = |count: usize| std::iter::repeat_n(u16::from(b'x'), count);
                texts.push(ascii(before).chain(special.iter().copied()).chain(ascii(after)).collect());
            }
        }
    }
    let mut output = Vec::new();
    for units in &texts {
        write_utf8(units, &mut output);
        assert_eq!(String::from_utf8(output.clone()).unwrap(), String::from_utf16_lossy(units));
    }
}

#[test]
fn decodes_up_to_the_limit_and_no_further() {
    let body = vec![b'a'; 1 << 20];
    let coded = compress(&body, Coding::Zstd, 3);
    assert_eq!(decode(&coded, body.len()).unwrap(), body);
    for limit in [0, 1, 65_535, 65_536, body.len() - 1] {
        assert_eq!(decode(&coded, limit), Err(Failure::TooLarge));
    }
    assert_eq!(decode(&compress(&[], Coding::Zstd, 3), 0).unwrap(), []);
    let exact = compress(&body[..65_536], Coding::Zstd, 3);
    assert_eq!(decode(&exact, 65_536).unwrap().len(), 65_536);
}

#[test]
fn decodes_frames_that_follow_each_other() {
    let twice = [compress(b"one ", Coding::Zstd, 3), compress(b"two", Coding::Zstd, 3)].concat();
    assert_eq!(decode(&twice, 100).unwrap(), b"one two");
    assert_eq!(decode(&twice, 6), Err(Failure::TooLarge));
}

#[test]
fn refuses_what_is_malformed() {
    let coded = compress(&noise(1000), Coding::Zstd, 3);
    for end in 0..coded.len() {
        assert_eq!(decode(&coded[..end], 10_000), Err(Failure::Malformed), "{end}");
    }
    assert_eq!(decode(b"no zstd at all", 100), Err(Failure::Malformed));
    let followed = [&coded[..], b"?"].concat();
    assert_eq!(decode(&followed, 10_000), Err(Failure::Malformed));
}

#[test]
fn refuses_a_window_that_is_too_large() {
    // A frame header that asks for 16 MB, and a first block: RFC 8878, 3.1.1.1.
    let header = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 14 << 3, 0x01, 0x00, 0x00];
    assert_eq!(decode(&header, 100), Err(Failure::Malformed));
    let smaller = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 13 << 3, 0x01, 0x00, 0x00];
    assert_eq!(decode(&smaller, 100).unwrap(), []);
}

#[test]
fn keeps_a_bounded_number_of_scratches() {
    let many: Vec<_> = (0..50).map(|_| Scratch::take()).collect();
    for mut scratch in many {
        scratch.output = vec![1; 3 << 20];
        scratch.give();
    }
    let taken: Vec<_> = (0..20).map(|_| Scratch::take()).collect();
    assert!(taken.iter().all(|scratch| scratch.output.capacity() < 3 << 20));
}

fn entry(token: u32) -> Entry<u32> {
    Entry { job: job(&noise(100), Coding::Gzip, 1), ticket: token, token }
}

fn large(token: u32) -> Entry<u32> {
    Entry { job: job(&noise(40_000), Coding::Gzip, 1), ticket: token, token }
}

fn tokens(done: Vec<(u32, Outcome)>) -> Vec<u32> {
    done.into_iter().map(|(token, outcome)| outcome.map(|_| token).unwrap()).collect()
}

#[test]
fn a_worker_takes_all_that_waits_and_leaves() {
    let queue = Queue::new(2);
    assert!(queue.add(large(1)));
    assert!(queue.add(large(2)));
    assert!(!queue.add(large(3)), "there are two workers");
    let wakes = std::cell::Cell::new(0);
    assert!(queue.work(|| wakes.set(wakes.get() + 1)));
    assert_eq!(wakes.get(), 1, "once for all that nobody has looked at");
    assert_eq!(tokens(queue.take_done()), [1, 2, 3]);
    // The other one comes too late.
    assert!(queue.work(|| panic!("nothing is done")));
    assert!(queue.add(large(4)), "both have left");
}

#[test]
fn one_worker_is_enough_for_small_bodies_and_wakes_nobody_for_the_last_of_them() {
    let queue = Queue::new(2);
    assert!(queue.add(entry(1)));
    for token in 2..=10 {
        assert!(!queue.add(entry(token)));
    }
    assert!(queue.work(|| panic!("it is done soon")));
    assert_eq!(tokens(queue.take_done()), (1..=10).collect::<Vec<_>>());
    // Many small ones are a large one.
    assert!(queue.add(entry(1)));
    let sent = (2..=1000).filter(|token| queue.add(entry(*token))).count();
    assert_eq!(sent, 1);
}

#[test]
fn news_are_told_once_they_are_taken_or_the_rest_is_worth_it() {
    let queue = Queue::new(1);
    queue.add(entry(1));
    for token in 2..=4 {
        queue.add(large(token));
    }
    let wakes = std::cell::Cell::new(0);
    queue.work(|| {
        wakes.set(wakes.get() + 1);
        queue.take_done();
    });
    assert_eq!(wakes.get(), 3, "for each that something large came after");
    assert_eq!(tokens(queue.take_done()), [4]);
}

#[test]
fn a_job_that_waits_can_be_cancelled() {
    let queue = Queue::new(1);
    for token in 1..=3 {
        queue.add(entry(token));
    }
    assert_eq!(queue.cancel(2), Some(2));
    assert_eq!(queue.cancel(2), None);
    queue.work(|| ());
    assert_eq!(tokens(queue.take_done()), [1, 3]);
    assert_eq!(queue.cancel(1), None, "it is done");
}

#[test]
fn a_worker_leaves_a_long_queue_for_a_while() {
    let queue = Queue::new(1);
    let slow = |token| Entry { job: job(&noise(1 << 20), Coding::Brotli, 9), ticket: token, token };
    for token in 1..=200 {
        queue.add(slow(token));
    }
    assert!(!queue.work(|| ()), "its shift is over before the queue is empty");
    assert!(queue.relieve(), "and it is to come again");
    queue.close();
    assert!(queue.work(|| ()));
    assert!(!queue.add(slow(201)), "nobody comes once it is closed");
}

#[test]
fn workers_do_each_job_once() {
    let queue = Queue::new(4);
    let mut sent = 0;
    std::thread::scope(|scope| {
        for token in 0..2000 {
            if queue.add(entry(token)) {
                sent += 1;
                scope.spawn(|| {
                    while !queue.work(|| ()) {
                        if !queue.relieve() {
                            break;
                        }
                    }
                });
            }
        }
    });
    let mut done = tokens(queue.take_done());
    done.sort_unstable();
    assert_eq!(done, (0..2000).collect::<Vec<_>>());
    assert!(sent >= 1);
}

#[test]
fn what_no_worker_can_be_sent_for_is_given_up() {
    let queue = Queue::new(2);
    queue.add(large(1));
    queue.add(large(2));
    assert_eq!(queue.give_up(), [], "another is there");
    assert_eq!(queue.give_up(), [1, 2]);
}
