//! Errors of the core as messages for the page.

use g2d_core::error::Error;
use g2d_web::protocol::{Event, Subject};

/// A failure of `g2d-core` as a message.
///
/// A device that failed once fails for good: its runtime cannot be initialised twice in one
/// instance, so the page needs a new worker.
pub(crate) fn failed(subject: Subject, error: &Error) -> Event {
    let problem = error.problem();
    Event::Failed {
        subject,
        code: problem.code.into(),
        message: problem.what.clone(),
        remedy: problem.remedy.clone(),
        fatal: matches!(error, Error::Device(_)) && subject != Subject::Start,
    }
}

#[cfg(test)]
mod tests {
    use g2d_core::image::Limits;
    use g2d_web::protocol::MAX_FILE_BYTES;

    use super::*;

    #[test]
    fn only_a_device_that_was_running_is_fatal() {
        let lost = Error::device("G2D-D01", "The GPU was lost", "Wait");
        let fatal = |e: &Event| matches!(e, Event::Failed { fatal: true, .. });
        assert!(fatal(&failed(Subject::Job { job: 1 }, &lost)));
        assert!(!fatal(&failed(Subject::Start, &lost)));
        let empty = Error::input("G2D-I20", "The report is empty", "Write a sentence");
        assert!(!fatal(&failed(Subject::Job { job: 1 }, &empty)));
    }

    #[test]
    fn page_and_worker_refuse_the_same_files() {
        assert_eq!(MAX_FILE_BYTES, Limits::default().max_bytes);
    }
}
