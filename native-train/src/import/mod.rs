//! Starting weights from the files of other libraries.
